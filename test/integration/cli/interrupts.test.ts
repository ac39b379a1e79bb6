import assert from 'node:assert/strict';
import test from 'node:test';
import { EXIT } from '../../../src/errors.js';
import { SAME_WISH_MS } from '../../../src/signals.js';
import { monotonicMs, sleep } from '../../../src/threads/clock.js';
import { startCli } from '../../helpers/cli.js';
import type { TestDatabase } from '../../helpers/database.js';
import { startServer } from '../../helpers/server.js';
import { waitFor } from '../../helpers/wait-for.js';
import { stream, type Ward, withWard } from '../stream/streaming.js';

const server = await startServer(18);

/** What is promised, in milliseconds, on a machine that does nothing else; tests run beside each other. */
const ONCE_MS = 2_000;
const TWICE_MS = 200;
const BESIDE = 2;
/** A command that does not end must not hold up all tests. */
const DEADLINE = { timeout: 90_000 };

/** What holds a command up: how it is brought about, and undone. */
interface State {
  readonly commands: Readonly<Record<string, readonly string[]>>;
  readonly begin: (ward: Ward) => Promise<() => Promise<unknown>>;
  /** Of a process of the server's that waits: `pg_stat_activity.wait_event_type`. */
  readonly waits: string;
}

const STATES: Readonly<Record<string, State>> = {
  'a lock of somebody else': {
    commands: {
      'init-db': ['init-db'],
      seed: ['seed'],

      check: ['check'],
      counts: ['counts'],
      reset: ['reset', '--yes'],
      'ledger check': ['ledger', 'check'],
    },
    begin: async ({ db }) => {
      const locked = db.query(
        `BEGIN; LOCK TABLE pacientes, consultas, medicos IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600); ROLLBACK`,
      );
      locked.catch(() => undefined);
      await waitFor(async () => (await waiting(db, 'PgSleep')) > 0, { what: 'the lock' });
      return async () => {
        await db.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'`,
        );
        await locked.catch(() => undefined);
      };
    },
    waits: 'Lock',
  },
  'a COMMIT that waits for an absent standby': {
    commands: {
      'init-db': ['init-db'],
      seed: ['seed', '--scale', '5'],

      reset: ['reset', '--yes'],
    },
    begin: async ({ db }) => {
      const set = async (name: string) => {
        await db.query(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`);
        await db.query('SELECT pg_reload_conf()');
        await waitFor(async () => {
          const [row] = await db.query<{ synchronous_standby_names: string }>(
            'SHOW synchronous_standby_names',
          );
          return row?.synchronous_standby_names === name;
        });
      };
      await set('absent');
      return () => set('');
    },
    waits: 'IPC',
  },
};

for (const [state, { commands, begin, waits }] of Object.entries(STATES)) {
  test(
    `held up by ${state}, a command ends soon after one Ctrl+C, at once after two`,
    DEADLINE,
    () =>
      withWard(server, async (ward) => {
        await stream(ward, ['--max-events', '20', '--rate', 'max']);
        const undo = await begin(ward);
        try {
          for (const [name, args] of Object.entries(commands)) {
            for (const times of [1, 2]) {
              await interrupt(ward, { name, args, waits, times });
              await leaveAlone(ward.db, waits);
            }
          }
        } finally {
          await undo();
        }
      }),
  );
}

interface Interruption {
  readonly name: string;
  readonly args: readonly string[];
  readonly waits: string;
  readonly times: number;
}

/** Runs a command until the server has it wait, and asks it to end. */
async function interrupt({ db, cwd, env }: Ward, { name, args, waits, times }: Interruption) {
  const cli = startCli(args, { cwd, env });
  try {
    await waitFor(async () => (await waitingOf(db, waits)) > 0, { what: `${name} to wait` });
    cli.child.kill('SIGINT');
    if (times === 2) {
      await sleep(SAME_WISH_MS + 50);
      cli.child.kill('SIGINT');
    }
    const asked = monotonicMs();
    const { code, stderr } = await cli.ended();
    const took = monotonicMs() - asked;
    assert.ok(took < (times === 1 ? ONCE_MS : TWICE_MS) * BESIDE, `${name} × ${times}: ${took} ms`);
    assert.equal(code, EXIT.forced, `${name}: ${stderr}`);
  } finally {
    cli.child.kill('SIGKILL');
  }
}

/** What waits for a lock is given up; what was committed and waits for a standby is ended, which changes nothing. */
async function leaveAlone(db: TestDatabase, waits: string): Promise<void> {
  if (waits === 'IPC') {
    await db.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${WAITING}`, [
      waits,
    ]);
  }
  await waitFor(async () => (await waitingOf(db, waits)) === 0, { what: 'nobody to wait' });
}

async function waiting(db: TestDatabase, event: string): Promise<number> {
  const rows = await db.query('SELECT 1 FROM pg_stat_activity WHERE wait_event = $1', [event]);
  return rows.length;
}

/** Our processes of the server's that wait for this. */
const WAITING = `wait_event_type = $1 AND application_name LIKE 'oltp-simulator%'
  AND datname = current_database() AND state = 'active'`;

async function waitingOf(db: TestDatabase, type: string): Promise<number> {
  const rows = await db.query(`SELECT 1 FROM pg_stat_activity WHERE ${WAITING}`, [type]);
  return rows.length;
}
