import type { Client } from 'pg';
import type { BatchHazard } from '../../src/hazards/hazards.js';
import { RNG_PURPOSE, Rng } from '../../src/random/rng.js';
import type { ProducerTask } from '../../src/run/protocol.js';
import type { EventType } from '../../src/schema/event.js';
import { RowMaker } from '../../src/schema/row-maker.js';
import type { Schema } from '../../src/schema/schema.js';
import type { Batch, BatchWriter } from '../batch.js';
import type { BatchOutcome } from '../batch-result.js';
import type { Candidates } from '../candidates.js';
import { copyRows } from './copy.js';
import { HotKeys, updateHotRows } from './hot-keys.js';
import { Lottery } from './lottery.js';
import { addMessages } from './message.js';
import { noteOrder } from './out-of-order.js';
import { rewriteRow } from './same-row.js';
import { nestSavepoints } from './savepoints.js';
import { HazardTransaction, joinOutcomes } from './transaction.js';
import { drawEnding } from './two-phase.js';
import { leaveLargeValues } from './unchanged-toast.js';

/** Rows that the hazards of a batch insert, at most: 100 by a COPY, ten in savepoints, and five of which one is kept. */
const MOST_ROWS = 120;

/** The batch in whose transaction hazards write. */
export interface Host {
  readonly batch: Batch;
  /** Its own writes. */
  readonly outcome: BatchOutcome;
  readonly candidates: ReadonlyMap<EventType, Candidates>;
  readonly hotKeys: HotKeys;
  /** A text that no other message of the run has. */
  readonly nextMessage: () => string;
}

/** Adds a hazard's part to a transaction, and notes it there if it happened. */
type Part = (transaction: HazardTransaction, host: Host) => void | Promise<void>;

/** In the order in which they write: the locks that others wait for are taken last. */
const PARTS: readonly (readonly [BatchHazard, Part])[] = [
  ['out-of-order', noteOrder],
  ['savepoints', nestSavepoints],
  ['same-row', rewriteRow],
  ['unchanged-toast', leaveLargeValues],
  ['copy', copyRows],
  ['hot-keys', updateHotRows],
  ['message', addMessages],
  ['two-phase', drawEnding],
];

type HazardousTask = Pick<ProducerTask, 'worker' | 'rng' | 'pools' | 'returning'> & {
  readonly hazards: NonNullable<ProducerTask['hazards']>;
};

/** The hazards of one producer's batches: draws those of each batch, and adds their parts to its transaction. */
export class BatchHazards {
  readonly lottery: Lottery;
  /** Uniform in [0, 1), apart from the numbers that the load draws. */
  readonly #random: () => number;
  readonly #schema: Schema;
  readonly #task: HazardousTask;
  readonly #maker: RowMaker;
  readonly #writer: BatchWriter;
  readonly #hotKeys: HotKeys;
  #messages = 0;

  constructor(schema: Schema, task: HazardousTask, writer: BatchWriter) {
    const rng = new Rng(task.rng).at(RNG_PURPOSE.hazardPicks, task.worker);
    this.#random = () => rng.unit();
    this.lottery = new Lottery(task.hazards.hazards, this.#random);
    this.#schema = schema;
    this.#task = task;
    this.#maker = new RowMaker(task.rng, task.pools);
    this.#writer = writer;
    this.#hotKeys = new HotKeys(task.hazards.hotRows);
  }

  /** Reserves the ids of a batch's hazards, before its transaction begins. */
  async reserve(client: Client, { spec, size }: Batch): Promise<void> {
    const { bulk } = this.#schema.hazards;
    await this.#writer.reserve(client, spec, size + MOST_ROWS);
    if (bulk !== null) await this.#writer.reserve(client, this.#schema.event(bulk), MOST_ROWS);
  }

  /**
   * Adds the parts of the drawn hazards to a batch's open transaction. Returns the outcome of both; that of the batch
   * alone where no hazard happened. Throws what the server or the connection answers.
   *
   * @param place tells this connection from all others of the run
   */
  async addTo(
    client: Client,
    batch: Batch,
    outcome: BatchOutcome,
    drawn: ReadonlySet<BatchHazard>,
    place: string,
  ): Promise<BatchOutcome> {
    const { ids, builder, candidates } = this.#writer;
    const transaction = new HazardTransaction({
      ...{ client, ids, builder, maker: this.#maker, random: this.#random, now: batch.now },
      ...{ schema: this.#schema, returning: this.#task.returning },
    });
    const nextMessage = () => `${place}.${++this.#messages}`;
    const hotKeys = this.#hotKeys;
    const host = { batch, outcome, candidates, hotKeys, nextMessage };
    for (const [name, part] of PARTS) if (drawn.has(name)) await part(transaction, host);
    return transaction.isEmpty ? outcome : joinOutcomes(outcome, transaction.outcome());
  }
}
