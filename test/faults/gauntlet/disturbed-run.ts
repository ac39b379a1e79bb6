import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../../src/errors.js';
import type { RunSummary } from '../../../src/runs/summary.js';
import { waitFor } from '../../helpers/wait-for.js';

const CLI = fileURLToPath(new URL('../../../src/cli.js', import.meta.url));
const HOOK = new URL('./hook.js', import.meta.url).href;
const COMMON = ['--json', '--lang', 'en', '--log-level', 'ERROR'];
const PATIENT = {
  STREAM_RECONNECT_BASE_SECONDS: '0.05',
  STREAM_RECONNECT_MAX_SECONDS: '0.2',
  STREAM_RECONNECT_ATTEMPTS: '500',
};
/** Bytes of ledger that count as progress. */
const PROGRESS = 8_000;

interface RunOptions {
  readonly cwd: string;
  /** Options of `stream`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly seed: number;
}

/** A `stream` under way, with a clock that jumps and threads that can be ended. */
export class DisturbedRun {
  readonly #cwd: string;
  readonly #child;
  readonly #before: ReadonlySet<string>;
  readonly #closed: Promise<void>;
  #stdout = '';
  #stderr = '';

  /** @param seed of the jumps of its clock */
  constructor({ cwd, args, env, seed }: RunOptions) {
    this.#cwd = cwd;
    this.#before = new Set(this.#runs());
    this.#child = fork(CLI, ['stream', ...COMMON, ...args], {
      cwd,
      env: { PATH: process.env.PATH ?? '', ...PATIENT, ...env, GAUNTLET_SEED: String(seed) },
      execArgv: ['--enable-source-maps', '--import', HOOK],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#closed = new Promise((resolve) => this.#child.once('close', () => resolve()));
    this.#child.stdout?.on('data', (chunk) => {
      this.#stdout += chunk;
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.#stderr += chunk;
    });
  }

  get id(): string {
    const id = this.#runs().find((name) => !this.#before.has(name));
    assert.ok(id !== undefined, `no run began:\n${this.#stderr}`);
    return id;
  }

  get ledger(): string {
    return join(this.#cwd, 'logs', 'runs', this.id, 'ledger');
  }

  /** Waits until the ledger has grown by so many bytes. */
  async progress(bytes = PROGRESS): Promise<void> {
    await waitFor(() => this.#runs().some((name) => !this.#before.has(name)));
    const goal = this.#bytes() + bytes;
    await waitFor(
      () => {
        this.#requireUnderWay();
        return this.#bytes() >= goal;
      },
      { what: 'progress' },
    );
  }

  /** Ends one of its threads; `draw`: from 0 to below 1, which one. */
  endThread(draw: number): void {
    this.#requireUnderWay();
    this.#child.send(draw);
  }

  /** Ends it; the summary, of one that was not killed. */
  async end(signal: NodeJS.Signals): Promise<RunSummary | null> {
    if (this.#isOver) return null;
    this.#child.kill(signal);
    await this.#closed;
    return signal === 'SIGKILL' ? null : this.#summary();
  }

  #requireUnderWay(): void {
    if (this.#isOver) throw new Error(`it ended:\n${this.#stdout}\n${this.#stderr}`);
  }

  get #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #summary(): RunSummary {
    const summary = JSON.parse(this.#stdout) as RunSummary;
    // One that ends while it works off what it missed without a connection is no success.
    const code = summary.server_lost ? EXIT.unreachable : EXIT.done;
    assert.equal(this.#child.exitCode, code, this.#stderr);
    return summary;
  }

  #runs(): string[] {
    try {
      return readdirSync(join(this.#cwd, 'logs', 'runs'));
    } catch {
      return [];
    }
  }

  #bytes(): number {
    try {
      const sizes = readdirSync(this.ledger).map((name) => statSync(join(this.ledger, name)).size);
      return sizes.reduce((sum, size) => sum + size, 0);
    } catch {
      return 0;
    }
  }
}
