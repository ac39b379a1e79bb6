import type { ColumnPart, Table, TableName, TableSpec } from './table.js';

/** The tables of a run in foreign-key order: a table comes after every table that it references. */
export class Tables implements Iterable<Table> {
  readonly names: readonly TableName[];
  readonly #list: readonly Table[];
  readonly #byName: ReadonlyMap<TableName, Table>;
  /** The table of the last `get`: one after the other, rows are of the same table. */
  #last: Table | null = null;

  /** @param changing the columns of a table that updates set */
  constructor(
    specs: readonly TableSpec[],
    changing: (table: TableName) => readonly string[] = () => [],
  ) {
    this.#list = specs.map((spec, code) => tableOf(spec, code, changing(spec.name)));
    this.names = this.#list.map(({ name }) => name);
    this.#byName = new Map(this.#list.map((table) => [table.name, table]));
  }

  get size(): number {
    return this.#list.length;
  }

  /** Throws where there is no table of this name. */
  get(name: TableName): Table {
    if (name === this.#last?.name) return this.#last;
    const table = this.#byName.get(name);
    if (table === undefined) throw new Error(`no table ${name}`);
    this.#last = table;
    return table;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** The table of a position. Throws where there is none. */
  at(code: number): Table {
    const table = this.#list[code];
    if (table === undefined) throw new Error(`no table at position ${code}`);
    return table;
  }

  /** The tables that generated rows reference: those whose ids the id cache holds. */
  get parents(): readonly Table[] {
    return this.#list.filter(({ parent }) => parent !== null);
  }

  map<T>(make: (table: Table) => T): T[] {
    return this.#list.map(make);
  }

  filter(keep: (table: Table) => boolean): Table[] {
    return this.#list.filter(keep);
  }

  flatMap<T>(make: (table: Table) => readonly T[]): T[] {
    return this.#list.flatMap(make);
  }

  /** One value for each table, by its name. */
  record<T>(make: (table: Table) => T): Record<TableName, T> {
    return Object.fromEntries(this.#list.map((table) => [table.name, make(table)]));
  }

  [Symbol.iterator](): Iterator<Table> {
    return this.#list[Symbol.iterator]();
  }
}

function tableOf(spec: TableSpec, code: number, changing: readonly string[]): Table {
  const { name, columns, key } = spec;
  if (key.some((column, i) => columns[i]?.name !== column)) {
    throw new Error(`the columns of ${name} must begin with its key`);
  }
  const partOf = (column: string): ColumnPart => {
    // A key that updates change identifies the row all the same.
    if (key.includes(column)) return 'key';
    return changing.includes(column) ? 'changing' : 'fixed';
  };
  const isId = key.length === 1 && columns[0]?.type === 'bigint';
  return {
    ...spec,
    code,
    keyKind: isId ? 'id' : key.length === 0 ? 'none' : 'columns',
    changing,
    parts: columns.map((column) => partOf(column.name)),
  };
}
