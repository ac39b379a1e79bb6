import { strict as assert } from 'node:assert';
import { readFacts } from '../../../src/ledger/facts-file.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { Intake } from '../../../src/sources/intake.js';
import { tableScope } from '../../../src/sources/scope.js';
import { compareFinalState } from '../../../src/verify/rows/final-state.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { ListSource, scriptDocument, verifySource } from '../../helpers/verify-script.js';
import { linesOf as linesOfChange, REFERENCE, sourceOf } from '../hard-rows/consumer.js';
import { string } from '../hard-rows/values.js';
import type { Event } from './reader.js';
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
  readonly name: string;
  readonly way: Way;
  readonly run: HazardRun;
  /** With those that a right consumer drops. */
  readonly events: readonly Event[];
  readonly lines: readonly Line[];

  constructor(version: number, run: HazardRun, way: Way, events: readonly Event[]) {
    this.name = `${way.name} of ${version}`;
    this.way = way;
    this.run = run;
    this.events = events;
    this.lines = events.filter(isRight).flatMap((event) => this.linesOf(event));
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
    return [`{${rest},"op":"m","message":{"prefix":${string(event.prefix)},"content":"${content}"}}`];
  }

  /** The verifier's documents of lines: without the database, and with it. */
  async judge(lines: readonly Line[]): Promise<readonly VerificationDocument[]> {
    const { ledger, target } = this.run;
    const { facts } = readFacts(ledger);
    assert.ok(facts !== null);
    const { server, begin } = facts;
    const scope = tableScope(SCHEMA.tables, { database: server.database, tables: begin.tables });
    const publications = [this.way.publication];
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
