import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { EXIT } from '../../../src/errors.js';
import { monotonicMs, sleep } from '../../../src/lib/clock.js';
import { SAME_SIGNAL_MS } from '../../../src/lib/signals.js';
import { connect } from '../../../src/postgres/connect.js';
import { type RunningCli, startCli } from '../../helpers/cli.js';
import { type TestDatabase, withSession } from '../../helpers/database.js';
import { freePort, withBusyPort } from '../../helpers/free-port.js';
import { freezeServer } from '../../helpers/freeze-server.js';
import { awaitStandby, type Hold, lockTables, waitingFor } from '../../helpers/hold-ups.js';
import { startServer } from '../../helpers/server.js';
import { stream } from '../../helpers/stream-run.js';
import { waitFor } from '../../helpers/wait-for.js';
import { type Workspace, withPlainWorkspace } from '../../helpers/workspace.js';

/*
 * The one list of what may hold a command up, states × commands: one Ctrl+C ends each soon, two end it at once.
 */

const server = await startServer(18);
/** Free at the moment of the query. */
const PORT = await freePort();

/** Milliseconds. The promised time is for an idle machine; tests run beside each other. */
const ONCE_MS = 2_000;
const TWICE_MS = 200;
const BESIDE = 2;
/** A command that does not end must not hold up all tests. */
const DEADLINE = { timeout: 120_000 };

interface Held {
  readonly args: readonly string[];
  /** The exit code after one Ctrl+C, where it is not that of an interruption. */
  readonly code?: number;
  /** Its log line once it has reached the state that holds it up. */
  readonly says?: RegExp;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command that is being held up: `ready` waits until it is. */
interface Holding {
  readonly env?: Readonly<Record<string, string>>;
  readonly ready: (cli: RunningCli, held: Held) => Promise<unknown>;
  /** Undoes the work that an interrupted command left at the server. */
  readonly sweep?: () => Promise<void>;
}

interface State {
  readonly commands: Readonly<Record<string, Held>>;
  /** Keeps the state while `body` runs. */
  readonly hold: (workspace: Workspace, body: (holding: Holding) => Promise<void>) => Promise<void>;
}

const command = (...args: string[]): Held => ({ args });
/** A verification that ends with the verdict indeterminate. */
const verdict = (source: string): Held => ({
  args: ['verify', '--source', source],
  code: EXIT.indeterminate,
  says: /comparing/,
});

const WRITERS = {
  'init-db': command('init-db'),
  seed: command('seed', '--scale', '5'),
  reset: command('reset', '--yes'),
};
const READERS = {
  check: command('check'),
  counts: command('counts', '--json'),
  'ledger check': command('ledger', 'check'),
};
const STREAM = command('stream', '--rate', 'max');
const SLOT = 'held';
const VERIFY_SLOT = command('verify', '--source', `slot:${SLOT}`);

const untilPrinted: Holding = {
  ready: (cli, { says = assert.fail('what does it say?') }) => cli.until(says),
};

const STATES: Readonly<Record<string, State>> = {
  'a lock of somebody else': {
    // Last, those that begin a run: `ledger check` takes the newest.
    commands: { ...WRITERS, ...READERS, stream: STREAM, start: command('start') },
    hold: async ({ db }, body) => {
      const release = await lockTables(db, 'pacientes', 'consultas', 'medicos');
      await body({ ready: () => waits(db, 'Lock') }).finally(release);
    },
  },
  'a COMMIT that waits for an absent standby': {
    // First, since the others commit a part of their work. The batches that a stream has in flight are committed on
    // this server, so that it ends as complete.
    commands: { stream: { ...STREAM, code: EXIT.done }, ...WRITERS },
    hold: async ({ db }, body) => {
      const release = await awaitStandby(server);
      const sweep = () => endWaits(db);
      await body({ ready: () => waits(db, 'SyncRep'), sweep }).finally(release);
    },
  },
  'a server that accepts connections and says nothing': {
    commands: {
      ...WRITERS,
      ...READERS,
      stream: STREAM,
      start: command('start'),
      doctor: command('doctor'),
      'ledger resolve': command('ledger', 'resolve'),
      'demo-cdc': command('demo-cdc'),
      'verify of a slot': VERIFY_SLOT,
      'verify of a file': command('verify', '--source', 'ndjson:events.ndjson'),
    },
    hold: async ({ cwd }, body) => {
      await writeFile(join(cwd, 'events.ndjson'), '');
      await withBusyPort((port, connections) => {
        let seen = 0;
        const ready = async () => {
          await waitFor(() => connections() > seen, { what: 'a connection' });
          seen = connections();
        };
        return body({ env: { PG_PORT: String(port) }, ready });
      });
    },
  },
  'a run that is yet to begin': {
    commands: {
      verify: {
        ...command('verify', 'next', '--source', 'ndjson:events.ndjson'),
        says: /waiting for the next run/,
      },
    },
    hold: (_, body) => body(untilPrinted),
  },
  'a source that is not there yet': {
    commands: {
      'verify of a file': verdict('ndjson:absent.ndjson'),
      'verify of a slot': {
        ...command('verify', '--source', 'slot:none'),
        says: /waiting for the source/,
      },
    },
    hold: (workspace, body) => withRun(workspace, () => body(untilPrinted)),
  },
  'a slot that somebody else reads': {
    commands: { verify: { ...VERIFY_SLOT, says: /is in use by another consumer/ } },
    hold: (workspace, body) =>
      withSlot(workspace, () =>
        withRun(workspace, async () => {
          const other = startCli(['verify', 'next', '--source', `slot:${SLOT}`], workspace);
          await other.until(/waiting for the next run/);
          await body(untilPrinted).finally(() => quit(other));
        }),
      ),
  },
  'a transaction that a slot to be made waits for': {
    commands: {
      verify: command('verify', 'next', '--source', 'slot:made', '--create-slot'),
    },
    hold: async ({ db }, body) => {
      const writer = await connect({ ...db.target, applicationName: 'migration' });
      await writer.query('BEGIN; SELECT pg_current_xact_id()');
      await body({ ready: () => waits(db, 'Lock') }).finally(() => writer.end());
    },
  },
  'a pipe that nobody writes to': {
    commands: { verify: verdict('ndjson:pipe') },
    hold: async ({ cwd }, body) => {
      execFileSync('mkfifo', [join(cwd, 'pipe')]);
      await body(untilPrinted);
    },
  },
  'a pipe whose writer is silent': {
    commands: { verify: verdict('ndjson:pipe') },
    hold: async ({ cwd }, body) => {
      const path = join(cwd, 'pipe');
      execFileSync('mkfifo', [path]);
      // Open for both: otherwise opening it waits for a reader.
      const writer = await open(path, 'r+');
      await body(untilPrinted).finally(() => writer.close());
    },
  },
  'a silent standard input, and an address that nobody posts to': {
    commands: {
      'verify -': verdict('ndjson:-'),
      'verify http': verdict(`http://127.0.0.1:${PORT}`),
    },
    hold: (_, body) => body(untilPrinted),
  },
  'a server that freezes as it builds indexes': {
    commands: {
      reset: {
        ...command('reset', '--yes'),
        says: /building indexes/,
        env: { SEED_SCALE: '40' },
      },
    },
    hold: (_, body) => frozen(body),
  },
  'a server that freezes amid a run': {
    commands: {
      // The server is lost, with batches in hand.
      stream: { ...STREAM, says: /\[stream\] - consultas: /, code: EXIT.unreachable },
      'demo-cdc': {
        ...command('demo-cdc'),
        says: /\[stream\] - consultas: /,
        code: EXIT.unreachable,
      },
      verify: { ...VERIFY_SLOT, says: /comparing/, code: EXIT.indeterminate },
    },
    hold: (workspace, body) => withSlot(workspace, () => frozen(body)),
  },
};

for (const [state, { commands, hold }] of Object.entries(STATES)) {
  test(
    `held up by ${state}, a command ends soon after one Ctrl+C, at once after two`,
    DEADLINE,
    () =>
      withPlainWorkspace(server, async (workspace) => {
        await stream(workspace, ['--max-events', '20', '--rate', 'max']);
        await hold(workspace, async (holding) => {
          for (const [name, held] of Object.entries(commands)) {
            const took = await interrupt(name, held, { workspace, holding, times: 1 });
            // A process that has ended by then gets no second signal.
            if (took > SAME_SIGNAL_MS)
              await interrupt(name, held, { workspace, holding, times: 2 });
          }
        });
      }),
  );
}

interface Interruption {
  readonly workspace: Workspace;
  readonly holding: Holding;
  readonly times: 1 | 2;
}

/** Runs a command until it is held up, and asks it to end; returns how long that took, in milliseconds. */
async function interrupt(
  name: string,
  held: Held,
  { workspace, holding, times }: Interruption,
): Promise<number> {
  let took = 0;
  const env = { ...workspace.env, ...holding.env, ...held.env };
  const cli = startCli(held.args, { cwd: workspace.cwd, env, stdin: 'pipe' });
  try {
    await holding.ready(cli, held);
    cli.child.kill('SIGINT');
    if (times === 2) {
      // Two signals within that time count as one: this wait separates them.
      await sleep(SAME_SIGNAL_MS + 50);
      cli.child.kill('SIGINT');
    }
    const asked = monotonicMs();
    const { code, stderr } = await cli.ended();
    took = monotonicMs() - asked;
    const most = (times === 1 ? ONCE_MS : TWICE_MS) * BESIDE;
    const context = `${name} × ${times}: ${Math.round(took)} ms, ${code}\n${stderr}`;
    assert.ok(took < most, context);
    const codes =
      times === 1 ? [held.code ?? EXIT.forced] : [held.code ?? EXIT.forced, EXIT.forced];
    assert.ok(codes.includes(code ?? -1), context);
    assert.doesNotMatch(stderr, /\n {4}at /, context);
  } finally {
    cli.child.kill('SIGKILL');
    await holding.sweep?.();
  }
  // The statements that an interrupted command left at the server are cancelled.
  await withSession(workspace.db, (session) =>
    waitFor(async () => (await busy(session)) === 0, { what: `${name} to be gone` }),
  );
  return took;
}

/** Freezes the server once a command has reached the given line. */
async function frozen(body: (holding: Holding) => Promise<void>): Promise<void> {
  let thaw = () => {};
  const ready: Holding['ready'] = async (cli, held) => {
    await untilPrinted.ready(cli, held);
    thaw = freezeServer(server);
  };
  await body({ ready, sweep: async () => thaw() }).finally(() => thaw());
}

function waits(db: TestDatabase, hold: Hold): Promise<void> {
  return withSession(db, async (session) => {
    await waitFor(async () => (await waitingFor(session, hold)) > 0, { what: hold });
  });
}

/** Ends the sessions whose COMMIT waits for a standby; their transactions stay committed. */
async function endWaits(db: TestDatabase): Promise<void> {
  await db.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE wait_event = 'SyncRep' AND datname = current_database()`,
  );
}

/** How many of the program's processes wait at the server for a lock or a standby. */
async function busy(session: Pick<TestDatabase, 'query'>): Promise<number> {
  return (await waitingFor(session, 'Lock')) + (await waitingFor(session, 'SyncRep'));
}

/** Lends `body` a run that is under way. */
async function withRun(workspace: Workspace, body: () => Promise<void>): Promise<void> {
  const run = startCli(['stream', '--rate', '20'], workspace);
  await run.until(/\[stream\] - \w+: /);
  await body().finally(() => quit(run));
}

/** Lends `body` a slot and its publication. */
async function withSlot({ db }: Workspace, body: () => Promise<void>): Promise<void> {
  await db.query(`CREATE PUBLICATION ${SLOT} FOR ALL TABLES`);
  await db.query(`SELECT pg_create_logical_replication_slot('${SLOT}', 'pgoutput')`);
  try {
    await body();
  } finally {
    const free = async () => {
      const [slot] = await db.query<{ active: boolean }>(
        `SELECT active FROM pg_replication_slots WHERE slot_name = '${SLOT}'`,
      );
      return slot?.active === false;
    };
    await waitFor(free, { what: 'the slot to be free' });
    await db.query(`SELECT pg_drop_replication_slot('${SLOT}')`);
  }
}

async function quit(cli: RunningCli): Promise<void> {
  cli.child.kill('SIGINT');
  await cli.ended();
}
