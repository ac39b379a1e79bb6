import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { readPostmaster } from '../../../src/embedded/cluster.js';
import { packageRoot } from '../../../src/lib/package-root.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { startServer } from '../../helpers/server.js';
import { logsOf } from '../../helpers/stream-run.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { openTerminal, type Terminal, terminalsMissing } from '../../helpers/terminal.js';
import { envOf } from '../../helpers/test-target.js';
import { waitFor } from '../../helpers/wait-for.js';

const server = await startServer(18);
const CLI = fileURLToPath(new URL('../../../src/cli.js', import.meta.url));
const skip = terminalsMissing();

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const SLOW_MS = 60_000;
const SMALL = {
  SEED_MIN_ROWS: '0',
  SEED_PACIENTES: '20',
  SEED_PACIENTES_CONVENIOS: '4',
  SEED_CONSULTAS: '20',
  SEED_EXAMES: '20',
  SEED_INTERNACOES: '20',
};

/** Lends `reset` at its question, in a database with one doctor who would be dropped. */
async function withQuestion(
  body: (terminal: Terminal, doctorIsThere: () => Promise<boolean>) => Promise<void>,
): Promise<void> {
  await withDatabase(server, async (db: TestDatabase) => {
    await db.query(
      `INSERT INTO medicos (nome, crm, especialidade) VALUES ('Fulana', 'x', 'cardiologia')`,
    );
    await withTempFolder(async (cwd) => {
      const env = { ...envOf(db.target), ...SMALL };
      const terminal = openTerminal([process.execPath, CLI, 'reset'], { cwd, env });
      await terminal.until(/Drop .* rows of .* and start over\? \[y\/N\] /);
      const found = () => db.query("SELECT 1 FROM medicos WHERE crm = 'x'");
      await body(terminal, async () => (await found()).length === 1);
    });
  });
}

/** A run on the embedded server, in a terminal, that has committed its first batch. */
async function withRun(
  argv: readonly string[],
  body: (terminal: Terminal, serverIsUp: () => boolean) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (cwd) => {
    // As root, the server runs as another user, who must be able to enter.
    await chmod(cwd, 0o755);
    const terminal = openTerminal(argv, { cwd, env: SMALL });
    await terminal.until(/▶ \d.* [1-9]\d* events/, SLOW_MS);
    await body(terminal, () => readPostmaster(join(cwd, '.data', 'postgres')) !== null);
  });
}

test('reset asks on a terminal, and goes on after yes', { skip }, async () => {
  await withQuestion(async (terminal, doctorIsThere) => {
    terminal.type('y\r');
    const { code, shown } = await terminal.ended();
    assert.equal(code, 0, shown);
    assert.match(shown, /pacientes +20\r\n/);
    assert.equal(await doctorIsThere(), false);
  });
});

const REFUSALS: Readonly<Record<string, readonly [typed: string, code: number]>> = {
  no: ['n\r', 4],
  nothing: ['\r', 4],
  'Ctrl+D': [CTRL_D, 4],
  'Ctrl+C': [CTRL_C, 130],
};
for (const [answer, [typed, exitCode]] of Object.entries(REFUSALS)) {
  test(`reset drops nothing when answered with ${answer}`, { skip }, async () => {
    await withQuestion(async (terminal, doctorIsThere) => {
      terminal.type(typed);
      const { code, shown } = await terminal.ended();
      assert.equal(code, exitCode, shown);
      // On a line of its own, below the question.
      assert.match(shown, /\[y\/N\] [^\n]*\n[^\n]*reset cancelled: nothing was dropped/);
      assert.equal(await doctorIsThere(), true);
    });
  });
}

test('a verdict stands on a terminal once, in colour, and in the log too', { skip }, async () => {
  await withDatabase(
    server,
    (db) =>
      withTempFolder(async (cwd) => {
        const doctor = async (env: Readonly<Record<string, string>>) => {
          const argv = [process.execPath, CLI, 'doctor'];
          const terminal = openTerminal(argv, { cwd, env: { ...envOf(db.target), ...env } });
          const { code, shown } = await terminal.ended();
          assert.equal(code, 5, shown);
          assert.equal(shown.match(/Not ready for CDC/g)?.length, 1, shown);
          return shown;
        };
        assert.ok((await doctor({})).startsWith('\u001b[31mNot ready for CDC: '));
        assert.match(await doctor({ NO_COLOR: '1' }), /^Not ready for CDC: /);
        assert.match(logsOf(cwd), / ERROR oltp\.simulator \[doctor\] - Not ready for CDC: /);
      }),
    { empty: true },
  );
});

test('Ctrl+C under `make start` ends with the summary, and make itself with 0', {
  skip,
}, async () => {
  const makefile = join(packageRoot(), 'Makefile');
  const make = ['make', '-f', makefile, '-o', 'build', 'start', `CLI=${process.execPath} ${CLI}`];
  await withRun(make, async (terminal, serverIsUp) => {
    terminal.type(CTRL_C);
    const { code, shown } = await terminal.ended();
    assert.equal(code, 0, shown);
    assert.match(shown, /\r\nReport: \S+report\.html\r\n/);
    assert.match(shown, /\r\n +stopped by +Ctrl\+C .* all its batches are complete\r\n/);
    assert.doesNotMatch(shown, /make: \*\*\*/);
    assert.equal(serverIsUp(), false);
  });
});

test('a terminal that is closed ends the run, and leaves no server behind', { skip }, async () => {
  await withRun([process.execPath, CLI, 'start'], async (terminal, serverIsUp) => {
    assert.equal(serverIsUp(), true);
    terminal.hangUp();
    await waitFor(() => !serverIsUp());
  });
});
