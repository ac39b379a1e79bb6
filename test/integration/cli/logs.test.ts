import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { runCli } from '../../helpers/cli.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { startServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';

const server = await startServer(18);

const LINE =
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR) oltp\.simulator \[[a-z-]+\] - \S.*$/;
const RUN = ['stream', '--rate', 'max', '--max-events', '400', '--workers', '2'];

/** A role with a password that nothing else contains, and the language whose wording is promised. */
async function withRole<T>(
  db: TestDatabase,
  body: (env: Record<string, string>) => Promise<T>,
): Promise<T> {
  await server.query("CREATE ROLE operador LOGIN SUPERUSER PASSWORD 's3nha-secreta'");
  try {
    const role = { PG_USER: 'operador', PG_PASSWORD: 's3nha-secreta' };
    return await body({ ...envOf(db.target), ...role, APP_LANG: 'pt-BR' });
  } finally {
    await server.query('DROP ROLE operador');
  }
}

async function readLogs(cwd: string): Promise<Record<'app' | 'stream' | 'errors', string>> {
  const read = (name: string) => readFile(join(cwd, 'logs', `${name}.log`), 'utf8');
  return { app: await read('app'), stream: await read('stream'), errors: await read('errors') };
}

test('the logs say what happened, and hold neither personal data nor the password', async () => {
  await withDatabase(server, async (db) => {
    await withTempFolder(async (cwd) => {
      const output = await withRole(db, async (env) => {
        const seeded = await runCli(['seed'], { cwd, env });
        assert.equal(seeded.code, 0, seeded.stderr);
        // Foreign rows hold some of the next names and CPFs: the run's rows are rejected.
        await db.query(`INSERT INTO pacientes (nome, nascimento, cpf)
          SELECT 'Outra Pessoa', '1980-01-01', 'x'`);
        await db.query(`CREATE FUNCTION recusa() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE unique_violation USING MESSAGE = NEW.nome || NEW.cpf,
             TABLE = 'pacientes', CONSTRAINT = 'pacientes_cpf_key'; END $$`);
        await db.query(`CREATE TRIGGER recusa BEFORE INSERT ON pacientes FOR EACH ROW
          WHEN (NEW.id % 5 = 0) EXECUTE FUNCTION recusa()`);
        const streamed = await runCli([...RUN, '--log-level', 'DEBUG'], { cwd, env });
        assert.equal(streamed.code, 0, streamed.stderr);
        return [seeded, streamed].map(({ stdout, stderr }) => stdout + stderr).join('');
      });
      const { app, stream, errors } = await readLogs(cwd);
      for (const line of app.trimEnd().split('\n')) assert.match(line, LINE);
      assert.match(app, /\[seed\] - consultas: inseridos \+4\.000 \(total=4\.000\)\n/);
      assert.match(
        stream,
        /\[stream\] - consultas: .*inseridos \+\d+.*\(total=[\d.]+\) batch=50\n/,
      );
      assert.doesNotMatch(stream, /\[seed\]/);
      assert.match(
        errors,
        /WARNING .* pacientes: unique_violation cpf=\*\*\* duplicado — registro ignorado\n/,
      );
      assert.doesNotMatch(errors, / INFO /);

      const people = await db.query<{ nome: string; cpf: string; telefone: string }>(
        'SELECT nome, cpf, telefone FROM pacientes',
      );
      assert.ok(people.length > 2000);
      const everything = app + stream + errors + output;
      for (const { nome, cpf, telefone } of people) {
        for (const secret of [nome, cpf, telefone]) {
          if (secret === 'x' || secret === null) continue;
          assert.ok(!everything.includes(secret), `${secret} was logged`);
        }
      }
      assert.ok(!everything.includes('s3nha-secreta'));
      // Digits with and without their mask.
      assert.doesNotMatch(everything, /\d{3}\.\d{3}\.\d{3}-\d{2}|\d{2}\.\d{3}\.\d{3}\/\d{4}-\d{2}/);
    });
  });
});

test('LOG_LEVEL, LOG_FORMAT, LOG_DIR and --lang decide what is logged, how and where', async () => {
  await withDatabase(server, async (db) => {
    await withTempFolder(async (cwd) => {
      const env = { ...envOf(db.target), LOG_FORMAT: 'json', LOG_DIR: 'diario' };
      const json = await runCli(['init-db', '--lang', 'pt-BR'], { cwd, env });
      assert.equal(json.code, 0);
      const record = JSON.parse(json.stderr) as Record<string, unknown>;
      const { level, component, msg, name } = record;
      assert.deepEqual(
        { level, component, msg, name },
        {
          level: 'INFO',
          component: 'init-db',
          msg: `esquema pronto em "${db.name}"`,
          name: 'oltp.simulator',
        },
      );
      assert.ok(!Number.isNaN(Date.parse(String(record.time))));
      assert.deepEqual(await readdir(cwd), ['diario']);

      const quiet = await runCli(['init-db'], { cwd, env: { ...env, LOG_LEVEL: 'WARNING' } });
      assert.equal(quiet.stderr, '');
      const flag = await runCli(['init-db', '--log-level', 'info'], {
        cwd,
        env: { ...env, LOG_LEVEL: 'WARNING' },
      });
      assert.match(flag.stderr, /schema ready/);
    });
  });
});
