import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withConnection } from '../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../src/postgres/target.js';
import { waitFor } from '../helpers/wait-for.js';
import type { Java } from './java.js';
import { SHAPE_SETTINGS, type Shape } from './shapes.js';

/** A machine that is busy with other tests starts it in ten seconds and more; 30 were too few once. */
const START_MS = 60_000;
const OFFSET_FLUSH_MS = 200;
/** Of the server, until it has noticed that a killed engine is gone. */
const RETRY_MS = 200;

export interface EngineOptions {
  readonly java: Java;
  /** The database, on a server with `wal_level=logical`. */
  readonly target: ConnectionTarget;
  /** For its events, its offsets and its settings; it must be there. */
  readonly folder: string;
  /** Of its slot, its publication, its files and its topics; small letters. */
  readonly name?: string;
  readonly shape?: Shape;
  /** Further settings of Debezium, or other values for those below; `offset.flush.interval.ms`, for one. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Debezium's engine in a process of its own. Whoever starts it stops it. */
export class DebeziumEngine {
  /** The file that it writes its events to, one a line. */
  readonly output: string;
  /** Of its slot, its publication and its topics. */
  readonly name: string;
  readonly #options: EngineOptions;
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #errors = '';

  private constructor(options: EngineOptions) {
    this.#options = options;
    this.name = options.name ?? 'hospital';
    this.output = join(options.folder, `${this.name}.ndjson`);
  }

  /** Starts it, and waits until it streams: changes committed from then on are captured. */
  static async start(options: EngineOptions): Promise<DebeziumEngine> {
    const engine = new DebeziumEngine(options);
    await engine.restart();
    return engine;
  }

  /** Starts it again where its offsets say that it was. */
  async restart(): Promise<void> {
    await this.stop();
    await this.#slotIs('free');
    this.#spawn();
    try {
      await this.#slotIs('streaming');
    } catch (error) {
      await this.kill();
      throw new Error(`Debezium did not start: ${this.#errors}`, { cause: error });
    }
  }

  /** The whole lines that it has written so far, over all its starts. */
  lines(): string[] {
    if (!existsSync(this.output)) return [];
    return readFileSync(this.output, 'utf8').split('\n').slice(0, -1);
  }

  /**
   * Waits until Debezium has written enough lines, and returns them. `enough`: their count, or a test of all lines so
   * far. `awaited` names them in an error.
   */
  async until(enough: number | ((lines: string[]) => boolean), awaited: string): Promise<string[]> {
    const isEnough = typeof enough === 'number' ? (l: string[]) => l.length >= enough : enough;
    const reached = () => {
      if (this.#child === null) throw new Error('it has ended');
      const lines = this.lines();
      return isEnough(lines) ? lines : null;
    };
    try {
      return await waitFor(reached, { deadline: START_MS, what: awaited });
    } catch (cause) {
      const lines = this.lines();
      const output = `${lines.length} lines, the last: ${lines.at(-1)}\n${this.#errors}`;
      throw new Error(`Debezium did not write ${awaited}: ${output}`, { cause });
    }
  }

  /** Its standard error so far. */
  get errors(): string {
    return this.#errors;
  }

  /** Ends it as a crash would: it says good-bye to nobody and saves nothing. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** Ends it in order, with its offsets saved. */
  async stop(): Promise<void> {
    this.#child?.stdin?.end();
    await this.#ended;
  }

  #spawn(): void {
    const { java, folder } = this.#options;
    const file = join(folder, `${this.name}.properties`);
    writeFileSync(file, propertiesText(this.#settings()));
    const child = spawn('java', [...java.arguments, 'capture.Capture', file], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    child.stdin.on('error', () => undefined);
    child.stderr.on('data', (chunk) => {
      this.#errors += chunk;
    });
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#child = null;
        resolve();
      };
      child.once('close', end);
      child.once('error', end);
    });
    this.#child = child;
  }

  #settings(): Record<string, string> {
    const { target, folder, shape = 'json', settings } = this.#options;
    return {
      'capture.output': this.output,
      name: this.name,
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'offset.storage': 'org.apache.kafka.connect.storage.FileOffsetBackingStore',
      'offset.storage.file.filename': join(folder, `${this.name}.offsets`),
      'offset.flush.interval.ms': String(OFFSET_FLUSH_MS),
      'database.hostname': target.host,
      'database.port': String(target.port),
      'database.user': target.user,
      'database.password': target.password ?? '',
      'database.dbname': target.database,
      'topic.prefix': this.name,
      'plugin.name': 'pgoutput',
      'slot.name': this.name,
      'slot.retry.delay.ms': String(RETRY_MS),
      'publication.name': this.name,
      'publication.autocreate.mode': 'filtered',
      'snapshot.mode': 'no_data',
      'provide.transaction.metadata': 'true',
      'record.processing.order': 'ORDERED',
      'converter.schemas.enable': 'false',
      'poll.interval.ms': '20',
      ...SHAPE_SETTINGS[shape],
      ...settings,
    };
  }

  /** `free`: nobody reads the slot, if there is one. */
  async #slotIs(state: 'free' | 'streaming'): Promise<void> {
    await withConnection(this.#options.target, async (client) => {
      const reached = async () => {
        if (state === 'streaming' && this.#child === null) throw new Error('it has ended');
        const { rows } = await client.query<{ active: boolean; streams: boolean }>(
          `SELECT active, coalesce(state IN ('catchup', 'streaming'), false) AS streams
             FROM pg_replication_slots LEFT JOIN pg_stat_replication ON pid = active_pid
            WHERE slot_name = $1`,
          [this.name],
        );
        return state === 'free' ? rows[0]?.active !== true : rows[0]?.streams === true;
      };
      await waitFor(reached, { deadline: START_MS, what: `the slot to be ${state}` });
    });
  }
}

/** As Java reads them. */
function propertiesText(settings: Readonly<Record<string, string>>): string {
  const escaped = (text: string) =>
    text
      .replace(/[\\:=#! ]/g, '\\$&')
      .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return Object.entries(settings)
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}\n`)
    .join('');
}
