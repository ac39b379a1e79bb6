import assert from 'node:assert/strict';
import type { VerificationDocument } from '../../src/verify/verdict/document.js';
import { readVerdict } from '../helpers/accounting.js';
import { startCli } from '../helpers/cli.js';
import { summaryOf } from '../helpers/stream-run.js';
import { waitFor } from '../helpers/wait-for.js';
import type { Workspace } from '../helpers/workspace.js';
import { DebeziumEngine } from './engine.js';
import type { Java } from './java.js';
import type { Shape } from './shapes.js';

/** A connector that starts again takes seconds until its next event. */
const WAIT = '30s';
const VERDICT_MS = 120_000;

interface Capture {
  readonly java: Java;
  readonly load: {
    readonly rate: number;
    readonly seconds: number;
    /** More options of `stream`. */
    readonly options?: readonly string[];
  };
  readonly shape?: Shape;
  /** Settings of Debezium. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Runs while the stream does. */
  readonly disturb?: (engine: DebeziumEngine) => Promise<void>;
}

interface Captured {
  readonly document: VerificationDocument;
  /** The file with what Debezium wrote. */
  readonly output: string;
  /** How many lines it has. */
  readonly lines: number;
  /** Events of the run. */
  readonly sent: number;
}

/** Runs a stream whose changes Debezium captures, and `verify` on what it writes. */
export async function throughDebezium(
  workspace: Workspace,
  { java, load, shape = 'json', settings = {}, disturb }: Capture,
): Promise<Captured> {
  const name = `dbz_${shape}`;
  const engine = await DebeziumEngine.start({
    ...{ java, name, shape, settings },
    target: workspace.db.target,
    folder: workspace.cwd,
  });
  const { output } = engine;
  const verify = startCli(
    ['verify', 'next', '--json', '--source', `ndjson:${output}`, '--wait', WAIT],
    workspace,
  );
  const { rate, seconds, options = [] } = load;
  const pace = ['--rate', String(rate), '--duration', `${seconds}s`, '--workers', '4'];
  const changes = ['--batch-size', '10', '--update-ratio', '0.3', '--delete-ratio', '0.05'];
  try {
    await verify.until(/waiting for the next run/);
    const stream = startCli(['stream', '--json', ...pace, ...changes, ...options], workspace);
    let sent = 0;
    try {
      await disturb?.(engine);
      sent = summaryOf(await stream.ended()).events;
    } finally {
      stream.child.kill('SIGKILL');
    }
    await waitFor(() => verify.child.exitCode !== null, {
      deadline: VERDICT_MS,
      what: 'a verdict',
    });
    const { stdout, stderr } = await verify.ended();
    assert.ok(stdout !== '', `${stderr}\n${engine.errors}`);
    return { document: readVerdict(stdout), output, lines: engine.lines().length, sent };
  } finally {
    verify.child.kill('SIGKILL');
    await engine.stop();
    await workspace.db.query(`SELECT pg_drop_replication_slot('${name}')`);
  }
}

/** Kills the engine after so many more lines, and starts it again; twice. */
export function killTwice(lines: number): (engine: DebeziumEngine) => Promise<void> {
  return async (engine) => {
    for (let kill = 0; kill < 2; kill++) {
      const before = engine.lines().length;
      await engine.until(before + lines, 'more events');
      await engine.kill();
      await engine.restart();
    }
  };
}
