import { keyColumn } from './key.js';
import {
  columnIndex,
  type Row,
  sqlName,
  type TableName,
  type TableSpec,
  type Value,
} from './table.js';

/** A rule of the domain, checked in the whole database and, if one row is enough to judge, before a write. */
export interface Rule {
  /** The condition, in terms of columns: the same in every language. */
  readonly rule: string;
  readonly table: TableName;
  /** SQL: one row, one column, the number of violations. */
  readonly violations: string;
  /**
   * Whether a row breaks the rule. `since`: the latest `since` of the rows that it references, in milliseconds since
   * 1970, UTC, or null when that is unknown or does not matter.
   */
  readonly breaks?: (row: Row, since: number | null) => boolean;
}

/** A rule over the columns of one row; `problem`: SQL, true where it is broken. */
export function rowRule(
  { name }: Pick<TableSpec, 'name'>,
  holds: string,
  problem: string,
  breaks?: Rule['breaks'],
): Rule {
  const rule = {
    rule: `${name}.${holds}`,
    table: name,
    violations: `SELECT count(*) FROM ${name} WHERE ${problem}`,
  };
  return breaks === undefined ? rule : { ...rule, breaks };
}

/** A column that holds one of a list of words. */
export function domain(table: TableSpec, column: string, words: readonly string[]): Rule {
  const position = columnIndex(table, column);
  const allowed = new Set<Value>(words);
  const list = words.map((word) => `'${word}'`).join(', ');
  return rowRule(
    table,
    `${column} IN (${words.join(', ')})`,
    `${sqlName(column)} NOT IN (${list})`,
    (row) => !allowed.has(row[position]!),
  );
}

/** A rule for each foreign key of a table. `parents`: the tables that it may reference. */
export function foreignKeyRules(table: TableSpec, parents: readonly TableSpec[]): Rule[] {
  return table.foreignKeys.map(({ column, references }) => {
    const parent = parents.find(({ name }) => name === references);
    if (parent === undefined) throw new Error(`${table.name} references ${references}, no parent`);
    const key = sqlName(keyColumn(parent));
    return {
      rule: `${table.name}.${sqlName(column)} REFERENCES ${references}`,
      table: table.name,
      violations: `SELECT count(*) FROM ${table.name} c
      WHERE c.${sqlName(column)} IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM ${references} p WHERE p.${key} = c.${sqlName(column)})`,
    };
  });
}

const NONE: readonly Rule[] = [];

/**
 * The first of a table's rules that a row breaks, as its text, or null.
 *
 * @param row values in the order of the table's columns
 * @param since as of `Rule.breaks`
 */
export function firstBroken(rules: readonly Rule[], row: Row, since: number | null): string | null {
  for (let i = 0; i < rules.length; i++) {
    const { rule, breaks } = rules[i]!;
    if (breaks?.(row, since)) return rule;
  }
  return null;
}

/** The rules of a run's tables. */
export class Rules implements Iterable<Rule> {
  readonly #list: readonly Rule[];
  /** The rules that one row is enough to judge, by table. */
  readonly #ofRows = new Map<TableName, Rule[]>();

  constructor(rules: readonly Rule[]) {
    this.#list = rules;
    for (const rule of rules) {
      if (rule.breaks === undefined) continue;
      const own = this.#ofRows.get(rule.table);
      if (own === undefined) this.#ofRows.set(rule.table, [rule]);
      else own.push(rule);
    }
  }

  /** The rules of a table that one row is enough to judge. */
  ofRows(table: TableName): readonly Rule[] {
    return this.#ofRows.get(table) ?? NONE;
  }

  /** The first rule that a row of a table breaks; see `firstBroken`. */
  broken(table: TableName, row: Row, since: number | null): string | null {
    return firstBroken(this.ofRows(table), row, since);
  }

  [Symbol.iterator](): Iterator<Rule> {
    return this.#list[Symbol.iterator]();
  }
}
