/** One change as the plugin `test_decoding` prints it. */
export interface DecodedChange {
  /** `consultas`, `faturamento."Itens da Conta"`: without the schema `public`. */
  readonly table: string;
  readonly operation: 'insert' | 'update' | 'delete';
  /** The old values that it has: of the key where an update changes it, of the whole row under REPLICA IDENTITY FULL. */
  readonly old: ReadonlyMap<string, string | null> | null;
  /** The columns of the new row; of a delete, those of the identity. */
  readonly row: ReadonlyMap<string, string | null>;
  /** The columns of the new row that the WAL lacks: TOASTed values that an update left alone. */
  readonly unchanged: readonly string[];
}

const HEAD =
  /^table (?:public\.)?((?:"(?:[^"]|"")*"|[^":. ]+)(?:\.(?:"(?:[^"]|"")*"|[^":. ]+))?): (INSERT|UPDATE|DELETE): /;

/** Parses a line; null: it is no change of a row. Throws on a line that it does not understand. */
export function parseDecoded(line: string): DecodedChange | null {
  const head = HEAD.exec(line);
  if (head === null) return null;
  const operation = head[2]!.toLowerCase() as DecodedChange['operation'];
  const reader = new Reader(line, head[0].length);
  let old: Map<string, string | null> | null = null;
  if (reader.skip('old-key: ')) {
    old = reader.columns(' new-tuple: ');
    if (!reader.skip(' new-tuple: ')) throw new Error(`no new tuple: ${line}`);
  }
  const row = reader.columns(null);
  return { table: head[1]!, operation, old, row, unchanged: reader.unchanged };
}

const TRUNCATE = /^table (.+): TRUNCATE: /;

/** The tables that a line says were truncated by one statement; null: it is no TRUNCATE. */
export function parseTruncated(line: string): readonly string[] | null {
  const tables = TRUNCATE.exec(line)?.[1];
  return tables?.split(', ').map((table) => table.replace(/^public\./, '')) ?? null;
}

/** One of `pg_logical_emit_message`. */
export interface DecodedMessage {
  /** False: it arrives outside of its transaction, and also where that is rolled back. */
  readonly transactional: boolean;
  readonly prefix: string;
  readonly content: string;
}

const MESSAGE = /^message: transactional: ([01]) prefix: (.*), sz: \d+ content:(.*)$/s;

/** Parses a line; null: it is no message. */
export function parseMessage(line: string): DecodedMessage | null {
  const [, transactional, prefix, content] = MESSAGE.exec(line) ?? [];
  if (prefix === undefined || content === undefined) return null;
  return { transactional: transactional === '1', prefix, content };
}

/** Reads `name[type]:value name[type]:value …`. */
class Reader {
  /** The columns so far whose values the WAL lacks. */
  readonly unchanged: string[] = [];
  readonly #line: string;
  #at: number;

  constructor(line: string, at: number) {
    this.#line = line;
    this.#at = at;
  }

  skip(text: string): boolean {
    if (!this.#line.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** Columns up to this text, or to the end of the line. Leaves out those whose value the WAL lacks. */
  columns(until: string | null): Map<string, string | null> {
    const columns = new Map<string, string | null>();
    while (this.#at < this.#line.length) {
      if (until !== null && this.#line.startsWith(until, this.#at)) break;
      this.skip(' ');
      const name = this.#name();
      const type = this.#type();
      const value = this.#value();
      if (value === undefined) this.unchanged.push(name);
      // The plugin spells `true`, where PostgreSQL prints `t`.
      else columns.set(name, type === 'boolean' ? (value?.[0] ?? null) : value);
    }
    return columns;
  }

  #name(): string {
    if (this.#line[this.#at] === '"') return this.#quoted('"');
    return this.#upTo('[');
  }

  /** `[character varying]`, `[text[]]`, `["Type"]`. */
  #type(): string {
    const end = this.#line.indexOf(']:', this.#at);
    if (this.#line[this.#at] !== '[' || end < 0)
      throw new Error(`no type at ${this.#at}: ${this.#line}`);
    const type = this.#line.slice(this.#at + 1, end);
    this.#at = end + 2;
    return type;
  }

  #value(): string | null | undefined {
    if (this.#line[this.#at] === "'") return this.#quoted("'");
    const text = this.#upTo(' ');
    if (text === 'unchanged-toast-datum') return undefined;
    return text === 'null' ? null : text;
  }

  /** A text in quotes, which are doubled inside. */
  #quoted(quote: string): string {
    let text = '';
    for (this.#at++; ; this.#at++) {
      const end = this.#line.indexOf(quote, this.#at);
      if (end < 0) throw new Error(`no end of ${quote}: ${this.#line}`);
      text += this.#line.slice(this.#at, end);
      this.#at = end + 1;
      if (this.#line[this.#at] !== quote) return text;
      text += quote;
    }
  }

  #upTo(end: string): string {
    const found = this.#line.indexOf(end, this.#at);
    const stop = found < 0 ? this.#line.length : found;
    const text = this.#line.slice(this.#at, stop);
    this.#at = stop;
    return text;
  }
}
