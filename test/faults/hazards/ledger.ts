import type { KeysOf } from '../../../src/ledger/format.js';
import { decodeKeys } from '../../../src/ledger/keys.js';
import type { Operation } from '../../../src/schema/changes.js';
import type { Key } from '../../../src/schema/table.js';
import type { Tables } from '../../../src/schema/tables.js';
import type { Expected } from '../../../src/verify/ledger/expected.js';
import { LedgerFeed } from '../../../src/verify/ledger/feed.js';

/** All transactions of a ledger, those of a worker in the order of their outcomes. */
export function readTransactions(tables: Tables, folder: string): readonly Expected[] {
  const all: Expected[] = [];
  const feed = new LedgerFeed(
    tables,
    folder,
    (expected) => all.push(expected),
    ({ file, line, kind }) => {
      throw new Error(`${file}:${line}: ${kind}`);
    },
  );
  try {
    feed.end();
    while (feed.readOn());
  } finally {
    feed.close();
  }
  return all;
}

/** A change of a row in a ledger. */
export interface Listed {
  readonly table: string;
  readonly operation: Operation;
  readonly key: Key;
}

/** The changes of a list of the ledger. */
export function listed(tables: Tables, rows: KeysOf): Listed[] {
  return Object.entries(rows).flatMap(([table, lists]) =>
    Object.entries(lists).flatMap(([operation, keys]) =>
      decodeKeys(tables.get(table), keys).map((key) => ({
        ...{ table, key },
        operation: operation as Operation,
      })),
    ),
  );
}

/** The transaction in which a worker wrote again what it had rolled back on purpose; undefined: none. */
export function writtenAgain(
  tables: Tables,
  all: readonly Expected[],
  { worker, sequence, rows }: Expected,
): Expected | undefined {
  const wanted = listed(tables, rows).map(textOf);
  return all
    .filter((each) => each.fate === 'committed' && each.worker === worker)
    .filter((each) => each.sequence > sequence)
    .toSorted((a, b) => a.sequence - b.sequence)
    .find((each) => {
      const has = new Set(listed(tables, each.rows).map(textOf));
      return wanted.every((text) => has.has(text));
    });
}

export function textOf({ table, operation, key }: Listed): string {
  return `${table} ${operation} ${key}`;
}
