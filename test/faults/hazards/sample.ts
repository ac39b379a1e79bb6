import assert from 'node:assert/strict';
import { readFacts } from '../../../src/ledger/facts-file.js';
import { decodeIds } from '../../../src/ledger/keys.js';
import { withConnection } from '../../../src/postgres/connect.js';
import type { Key } from '../../../src/schema/table.js';
import { Intake } from '../../../src/sources/intake.js';
import { tableScope } from '../../../src/sources/scope.js';
import type { Expected } from '../../../src/verify/ledger/expected.js';
import { compareFinalState } from '../../../src/verify/rows/final-state.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { ListSource, scriptDocument, verifySource } from '../../helpers/verify-script.js';
import { linesOf as linesOfChange, REFERENCE, sourceOf } from '../hard-rows/consumer.js';
import type { NamedRow } from '../hard-rows/named-row.js';
import { string } from '../hard-rows/values.js';
import { grouped } from './grouped.js';
import { readTransactions } from './ledger.js';
import type { Event, RowDelivered, Transaction } from './reader.js';
import { type HazardRun, SCHEMA, type Way } from './run.js';

/** Bytes: enough to follow every row of these runs. */
const MEMORY_BYTES = 2 ** 24;

/** A line of a consumer's output: Debezium's JSON, without a line feed. */
export interface Line {
  readonly text: Buffer;
  /** Of which it is, or of which it was made; null: of none of the slot. */
  readonly event: Event | null;
}

/** A run as a slot delivered it in one way, and the lines of the reference consumer. */
export class Sample {
  readonly version: number;
  readonly name: string;
  readonly way: Way;
  readonly run: HazardRun;
  /** With those that a right consumer drops. */
  readonly events: readonly Event[];
  readonly lines: readonly Line[];
  /** Those of each transaction that was committed, in their order. */
  readonly committed: ReadonlyMap<Transaction, readonly Line[]>;
  readonly ledger: readonly Expected[];
  /** The ledger's transaction of each xid that was committed. */
  readonly #expected: ReadonlyMap<number, Expected>;
  /** By table, the keys of rows that all connections write. */
  readonly #shared: ReadonlyMap<string, ReadonlySet<Key>>;
  /** When the last COMMIT was sent of those that the lines have. */
  readonly #lastSentAt: number;

  /** The events of rows that a right consumer delivers, and that are followed. */
  readonly rows: readonly RowDelivered[];
  /** Changes that only the other publication has: they were made while their table was out of one. */
  readonly unpublished: readonly RowDelivered[];

  constructor(
    version: number,
    run: HazardRun,
    way: Way,
    events: readonly Event[],
    unpublished: readonly RowDelivered[],
  ) {
    this.version = version;
    this.unpublished = unpublished;
    this.name = `${way.name} of ${version}`;
    this.way = way;
    this.run = run;
    this.events = events;
    this.lines = events.filter(isRight).flatMap((event) => this.linesOf(event));
    const lines = this.lines.filter(({ event }) => event !== null && event.of.xid !== null);
    this.committed = grouped(lines, ({ event }) => event!.of);
    this.ledger = readTransactions(SCHEMA.tables, run.ledger);
    const committed = this.ledger.filter(({ fate }) => fate === 'committed');
    this.#expected = new Map(committed.map((expected) => [expected.xid ?? 0, expected]));
    const shared = Object.entries(readFacts(run.ledger).schema?.shared ?? {});
    this.#shared = new Map(shared.map(([table, keys]) => [table, new Set(decodeIds(keys))]));
    const sent = [...this.committed.keys()].map((of) => this.expectedOf(of)?.sentAt ?? 0);
    this.#lastSentAt = Math.max(...sent);
    this.rows = events.filter(
      (event): event is RowDelivered =>
        event.kind === 'row' && isRight(event) && this.isFollowed(event.of),
    );
  }

  /** The ledger's transaction; undefined: it is not the run's. */
  expectedOf({ xid }: Transaction): Expected | undefined {
    return this.#expected.get(xid ?? 0);
  }

  /** Whether the ledger proves that a transaction of the lines was committed later: the lines could end before. */
  isFollowed(of: Transaction): boolean {
    return (this.expectedOf(of)?.answeredAt ?? Number.POSITIVE_INFINITY) < this.#lastSentAt;
  }

  /** The same of a transaction that the lines need not have. */
  isPast(expected: Expected): boolean {
    return expected.answeredAt < this.#lastSentAt;
  }

  /** Whether all connections write a row. */
  isShared({ table, keys }: NamedRow): boolean {
    return keys.some((key) => this.#shared.get(table)?.has(key) === true);
  }

  /** The lines of the transaction that was committed with this xid; undefined: there are none. */
  linesOfXid(xid: number): readonly Line[] | undefined {
    return [...this.committed].find(([of]) => of.xid === xid)?.[1];
  }

  /** The only transaction that sent a message; undefined: several did, or none. */
  senderOf(content: string): Expected | undefined {
    const senders = this.ledger.filter(({ hazards }) =>
      hazards?.messages?.some((message) => message.content === content),
    );
    return senders.length === 1 ? senders[0] : undefined;
  }

  /** The lines of an event, as a right consumer writes them. */
  linesOf(event: Event): Line[] {
    return this.#textsOf(event).map((text) => ({ text: Buffer.from(text), event }));
  }

  #textsOf(event: Event): string[] {
    const { database } = this.run.target;
    if (event.kind === 'row') {
      const form = this.way.isKeyed ? 'keyed' : 'plain';
      return linesOfChange(event.change, { form }, database);
    }
    const { of, lsn } = event;
    const committedAt = of.committedAt ?? 0n;
    const isTruncate = event.kind === 'truncate';
    const { schema, table } = isTruncate ? event : { schema: '', table: '' };
    const source = sourceOf({ ...of, committedAt, schema, table, lsn }, REFERENCE, database);
    const rest = `"source":${source},"transaction":null,"ts_us":${committedAt + 1n}`;
    if (isTruncate) return [`{"before":null,"after":null,${rest},"op":"t"}`];
    const content = Buffer.from(event.content).toString('base64');
    return [
      `{${rest},"op":"m","message":{"prefix":${string(event.prefix)},"content":"${content}"}}`,
    ];
  }

  /** The verifier's documents of lines: without the database, and with it. */
  async judge(
    lines: readonly Line[],
    publication = this.way.publication,
  ): Promise<readonly VerificationDocument[]> {
    const { ledger, target } = this.run;
    const { facts } = readFacts(ledger);
    assert.ok(facts !== null);
    const { server, begin } = facts;
    const scope = tableScope(SCHEMA.tables, { database: server.database, tables: begin.tables });
    const publications = [publication];
    const options = { tables: SCHEMA.tables, scope, memoryBytes: MEMORY_BYTES, publications };
    const source = new ListSource(
      lines,
      (sink) => {
        const intake = new Intake(sink, scope);
        let position = 0;
        return ({ text }) => intake.line(text, 0, ++position, 0);
      },
      options,
    );
    const verification = await verifySource(ledger, source, options);
    const alone = scriptDocument(verification);
    return withConnection(target, async (client) => [
      alone,
      scriptDocument(verification, await compareFinalState(client, verification)),
    ]);
  }
}

/** Whether a right consumer delivers an event. */
export function isRight({ of, isUndone }: Event): boolean {
  return of.committedAt !== null && !isUndone;
}

/** The samples of a run, one for each way in which it was read. */
export function samplesOf(version: number, run: HazardRun): Sample[] {
  const { recordings } = run;
  const lsns = (publication: string) =>
    new Set(
      recordings
        .filter(({ way }) => way.publication === publication)
        .flatMap(({ events }) => events.map(({ lsn }) => lsn)),
    );
  const listed = lsns('listed');
  return recordings.map(({ way, events }) => {
    const unpublished = events.filter(
      (event): event is RowDelivered =>
        event.kind === 'row' && isRight(event) && !listed.has(event.lsn),
    );
    return new Sample(version, run, way, events, unpublished);
  });
}
