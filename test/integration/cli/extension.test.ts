import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { RunSummary } from '../../../src/runs/summary.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { type RunningCli, runCli, startCli } from '../../helpers/cli.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { waitFor } from '../../helpers/wait-for.js';
import { VOLUMES } from '../../helpers/workspace.js';
import { assertRefused, readDocument } from './refusals.js';

const servers = await startServers({ settings: { wal_level: 'logical' } });
const extended = schemaWith(['prontuario']);
const ITENS = 'faturamento."Itens da Conta"';

/** Volumes that are seeded within seconds. */
const SMALL = {
  ...VOLUMES,
  SEED_PRONTUARIOS: '60',
  SEED_SINAIS_VITAIS: '120',
  SEED_PRESCRICOES: '60',
  SEED_AUDITORIA: '120',
  SEED_ITENS_DA_CONTA: '120',
};

interface Counts {
  readonly tables: Record<string, number>;
  readonly total: number;
}

/** Runs `body` with a program in a database of its own that has the extension, seeded. */
function withExtension(
  server: (typeof servers)[number],
  body: (
    run: (args: string, more?: Record<string, string>) => ReturnType<typeof runCli>,
    cwd: string,
    db: TestDatabase,
  ) => Promise<void>,
): Promise<void> {
  return withDatabase(server, (db) =>
    withTempFolder(async (cwd) => {
      const env = { ...envOf(db.target), ...SMALL, STREAM_WORKERS: '3' };
      const run = (args: string, more = {}) =>
        runCli(args.split(' '), { cwd, env: { ...env, ...more } });
      for (const command of ['init-db', 'seed']) {
        const done = await run(`${command} --with prontuario`);
        assert.equal(done.code, 0, done.stderr);
      }
      await body(run, cwd, db);
    }),
  );
}

for (const server of servers) {
  test(`${server.version}: a run with the extension is counted, recorded and judged like any other`, () =>
    withExtension(server, async (run, cwd) => {
      const before = readDocument<Counts>(await run('counts --json --with prontuario')).tables;
      assert.deepEqual(Object.keys(before), extended.tables.names);
      const slot = await run(
        'demo-cdc --json --with prontuario --rate 400 --duration 4s --batch-size 20',
      );
      assert.equal(slot.code, 0, slot.stderr);
      const { run: summary, verification } = readDocument<{
        run: RunSummary;
        verification: { verdict: string };
      }>(slot);
      assert.equal(verification.verdict, 'exact');
      assert.deepEqual(Object.keys(summary.rows), extended.tables.names);
      const types = Object.keys(summary.by_type);
      assert.deepEqual([...types].sort(), [...extended.eventTypes].sort());

      const after = readDocument<Counts>(await run('counts --json --with prontuario')).tables;
      for (const [table, rows] of Object.entries(summary.rows)) {
        assert.equal(after[table]! - before[table]!, rows.insert - rows.delete, table);
      }
      assert.ok(summary.rows[ITENS]!.update > 0);

      // The ledger names its extension: neither command is asked for it.
      const checked = await run('ledger check --json');
      assert.equal(checked.code, 0, checked.stderr);
      const agreed = readDocument<{ summary_agrees: boolean; unchecked: string[] }>(checked);
      assert.equal(agreed.summary_agrees, true);
      assert.deepEqual(agreed.unchecked, ['auditoria']);
      const shown = await run('ledger show');
      assert.match(shown.stdout, /faturamento\."Itens da Conta" +\d/);
      const rules = await run('check --with prontuario');
      assert.equal(rules.code, 0, rules.stdout);

      const folder = join(cwd, 'logs', 'runs', summary.run_id);
      const read = (file: string) => readFileSync(join(folder, file), 'utf8');
      const settings = JSON.parse(read('settings.json')) as Record<string, unknown>;
      assert.deepEqual(settings.schema, { extensions: ['prontuario'] });
      assert.match(read('report.html'), /faturamento\.(&quot;|")Itens da Conta(&quot;|")/);
    }));
}

test('verify --create-slot publishes the tables of the run, and those of --with for the next one', () =>
  withExtension(servers.at(-1)!, async (_, cwd, db) => {
    const env = { ...envOf(db.target), STREAM_WORKERS: '3' };
    const started: RunningCli[] = [];
    const start = (args: string) => {
      const cli = startCli(args.split(' '), { cwd, env });
      started.push(cli);
      return cli;
    };
    const isPublished = async () => {
      const published = await db.query(
        `SELECT FROM pg_publication_rel WHERE prrelid = 'auditoria'::regclass`,
      );
      return published.length > 0;
    };
    const load = 'stream --with prontuario --rate 200 --batch-size 5';
    const next = 'verify next --source slot:extended --create-slot';

    try {
      const exact = start(`${next} --json --with prontuario`);
      await exact.until(/waiting for the next run/);
      assert.ok(await isPublished());
      const streaming = start(load);
      await exact.until(/comparing slot/);
      // Its ledger has begun by then.
      await streaming.until(/: inserted \+/);
      // A publication of its own, made for the run that is under way.
      const late = start('verify --json --source slot:late --create-slot');
      await late.until(/comparing slot/);
      await waitFor(async () => {
        const [made] = await db.query(
          `SELECT FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
            WHERE p.pubname = 'late' AND r.prrelid = 'auditoria'::regclass`,
        );
        return made !== undefined;
      });
      const blind = start(next.replace('extended', 'blind'));
      await blind.until(/waiting for the next run/);
      streaming.child.kill('SIGINT');
      assert.equal((await streaming.ended()).code, 0);
      const judged = await exact.ended();
      assert.equal(judged.code, 0, judged.stderr);
      const { accounting } = readDocument<{ accounting: Record<string, number> }>(judged);
      assert.equal(accounting.delivered, accounting.committed);
      await late.ended();

      const another = start(`${load} --max-events 50`);
      const refused = await blind.ended();
      assertRefused(
        refused,
        2,
        /tables of prontuario, which --create-slot did not publish; .*--with/,
      );
      assert.equal((await another.ended()).code, 0);
      assert.equal(await isPublished(), false);
    } finally {
      for (const { child } of started) child.kill('SIGKILL');
    }
  }));

test('thresholds may be about the tables and event types of the extension', () =>
  withExtension(servers.at(-1)!, async (run) => {
    const stream =
      'stream --with prontuario --only item_conta,auditoria --max-events 60 --rate max';
    const held = await run(`${stream} --json`, {
      STREAM_THRESHOLDS: `rows.${ITENS}.insert>0; auditoria.insert.events > 0`,
    });
    assert.equal(held.code, 0, held.stderr);
    const { thresholds } = readDocument<RunSummary>(held);
    assert.deepEqual(
      thresholds.map(({ value }) => (value ?? 0) > 0),
      [true, true],
    );
    const broken = await run(stream, { STREAM_THRESHOLDS: `rows.${ITENS}.insert>60` });
    assert.equal(broken.code, 5);
    assert.match(broken.stdout, /rows\.faturamento\."Itens da Conta"\.insert/);
  }));

test('commands that are not asked for the extension leave it alone, and reset refuses', () =>
  withExtension(servers.at(-1)!, async (run, _, db) => {
    const plain = readDocument<Counts>(await run('counts --json')).tables;
    assert.deepEqual(Object.keys(plain), schemaWith([]).tables.names);
    const refused = await run('reset --yes');
    assertRefused(refused, 4, /prontuarios, .*"Itens da Conta".*--with prontuario/);
    assert.equal((await db.query('SELECT FROM prontuarios')).length, 60);

    const reset = await run('reset --yes --json --with prontuario', { SEED_PRONTUARIOS: '50' });
    assert.equal(reset.code, 0, reset.stderr);
    assert.equal(readDocument<Counts>(reset).tables.prontuarios, 50);
    const [left] = await db.query<{ items: number }>(`SELECT count(*)::int AS items FROM ${ITENS}`);
    assert.equal(left?.items, 120);
  }));
