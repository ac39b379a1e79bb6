import assert from 'node:assert/strict';
import test from 'node:test';
import type { CheckName, Finding, FindingState } from '../../../src/doctor/finding.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { initDb } from '../../../src/postgres/scripts.js';
import { runCli } from '../../helpers/cli.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { PARTITIONED_CONSULTAS } from '../../helpers/partitioned.js';
import { startServers } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';

const servers = await startServers({ settings: { wal_level: 'logical' } });
const newest = servers.at(-1)!;

interface Doctored {
  readonly code: number | null;
  readonly stderr: string;
  readonly checks: readonly Finding[];
}

async function doctor(
  target: TestDatabase['target'],
  args: readonly string[] = [],
): Promise<Doctored> {
  return withTempFolder(async (cwd) => {
    const env = { ...envOf(target), PG_SEARCH_PATH: target.searchPath, APP_LANG: 'en' };
    const { code, stdout, stderr } = await runCli(['doctor', '--json', ...args], { cwd, env });
    assert.ok(stdout !== '', stderr);
    return { code, stderr, checks: JSON.parse(stdout).checks };
  });
}

function found({ checks }: Doctored, name: CheckName): Finding {
  const finding = checks.find(({ check }) => check === name);
  assert.ok(finding !== undefined, name);
  return finding;
}

/** What is broken, what the doctor says of it, and whether what it prescribes mends it. */
interface Ailment {
  readonly check: CheckName;
  readonly state: FindingState;
  readonly cause: string;
  readonly evidence?: RegExp;
  readonly args?: readonly string[];
  /** What it is after the prescription; null: it is for a person to decide. */
  readonly after?: FindingState | null;
}

const ALL = 'pacientes, medicos, convenios, pacientes_convenios, consultas, exames, internacoes';

const AILMENTS: readonly Ailment[] = [
  {
    check: 'primary_keys',
    state: 'fail',
    cause: 'ALTER TABLE exames DROP CONSTRAINT exames_pkey',
  },
  {
    check: 'replica_identity',
    state: 'fail',
    cause: 'ALTER TABLE exames DROP CONSTRAINT exames_pkey',
  },
  {
    check: 'replica_identity',
    state: 'fail',
    cause:
      'ALTER TABLE exames REPLICA IDENTITY USING INDEX exames_pkey; ALTER TABLE exames DROP CONSTRAINT exames_pkey',
  },
  {
    check: 'replica_identity',
    state: 'warn',
    cause: 'ALTER TABLE pacientes REPLICA IDENTITY USING INDEX pacientes_cpf_key',
    evidence: /^pacientes: pacientes_cpf_key without id$/,
  },
  {
    check: 'replica_identity',
    state: 'warn',
    cause: `ALTER TABLE exames DROP CONSTRAINT exames_pkey;
            ALTER TABLE exames ADD CONSTRAINT odd PRIMARY KEY (tipo_exame)`,
    evidence: /^exames: odd without id$/,
  },
  {
    check: 'replica_identity',
    state: 'fail',
    cause: `${PARTITIONED_CONSULTAS}; CREATE SCHEMA archive; ALTER TABLE consultas_p1 SET SCHEMA archive;
            ALTER TABLE archive.consultas_p1 REPLICA IDENTITY NOTHING`,
    evidence: /^archive\.consultas_p1$/,
  },
  {
    check: 'natural_keys',
    state: 'warn',
    cause: 'ALTER TABLE pacientes DROP CONSTRAINT pacientes_cpf_key',
  },
  {
    check: 'foreign_keys',
    state: 'warn',
    cause: 'ALTER TABLE consultas DROP CONSTRAINT consultas_medico_id_fkey',
  },
  { check: 'unlogged', state: 'fail', cause: 'ALTER TABLE exames SET UNLOGGED' },
  { check: 'toast', state: 'warn', cause: 'ALTER TABLE exames ADD COLUMN laudo text' },
  {
    check: 'toast',
    state: 'warn',
    cause: `${PARTITIONED_CONSULTAS}; ALTER TABLE consultas ADD COLUMN laudo text`,
    evidence: /^consultas_p0, consultas_p1$/,
  },
  { check: 'publication', state: 'info', cause: 'SELECT 1' },
  { check: 'publication', state: 'fail', cause: 'SELECT 1', args: ['--publication', 'Odd "one"'] },
  {
    check: 'publication',
    state: 'fail',
    cause: "CREATE PUBLICATION cdc FOR TABLE pacientes, exames WITH (publish = 'insert')",
    args: ['--publication', 'cdc'],
  },
  {
    check: 'publication',
    state: 'fail',
    cause: PARTITIONED_CONSULTAS,
    args: ['--publication', 'cdc'],
  },
  {
    check: 'publication',
    state: 'warn',
    cause: `${PARTITIONED_CONSULTAS}; CREATE PUBLICATION cdc FOR TABLE ${ALL}`,
    evidence: /^cdc: 7 \/ 7, by partitions \(publish_via_partition_root = false\): consultas$/,
  },
  {
    check: 'publication',
    state: 'warn',
    cause: `${PARTITIONED_CONSULTAS}; CREATE PUBLICATION cdc FOR TABLE ${ALL}, consultas_p0`,
    evidence: /by partitions/,
  },
  {
    check: 'publication',
    state: 'warn',
    cause: `${PARTITIONED_CONSULTAS}; CREATE PUBLICATION cdc FOR ALL TABLES`,
    evidence: /by partitions/,
  },
  {
    check: 'publication',
    state: 'warn',
    cause: `${PARTITIONED_CONSULTAS}; CREATE PUBLICATION cdc FOR TABLE ${ALL.replace('consultas', 'consultas_p0, consultas_p1')}`,
    evidence: /by partitions/,
  },
  {
    check: 'publication',
    state: 'fail',
    cause: `${PARTITIONED_CONSULTAS}; CREATE PUBLICATION cdc FOR TABLE ${ALL.replace('consultas', 'consultas_p0')}`,
    evidence: /^cdc: 6 \/ 7, without consultas$/,
  },
  { check: 'slots', state: 'info', cause: 'SELECT 1', after: null },
  { check: 'slots', state: 'fail', cause: 'SELECT 1', args: ['--slot', 'doctored'] },
  { check: 'replication_role', state: 'fail', cause: 'SELECT 1', args: ['--role', 'nobody_yet'] },
  {
    check: 'timestamps',
    state: 'warn',
    cause: 'DROP TRIGGER exames_updated_at ON exames',
    after: null,
  },
];

for (const server of servers) {
  const { version } = server;

  test(`${version}: a fresh database is fit and ready, and stays as it is`, async () => {
    await withDatabase(server, async (db) => {
      const healthy = await doctor(db.target);
      assert.equal(healthy.code, 0, healthy.stderr);
      const states = healthy.checks.map(({ check, state }) => `${check} ${state}`);
      const ill = states.filter((state) => /fail|not_visible/.test(state));
      assert.deepEqual(ill, []);
      const [left] = await db.query<{ things: number }>(
        `SELECT (SELECT count(*) FROM pg_publication)::int
              + (SELECT count(*) FROM pg_replication_slots)::int AS things`,
      );
      assert.equal(left?.things, 0);
    });
  });

  test(`${version}: every ailment is found, and mended by what is prescribed`, async (t) => {
    for (const { check, state, cause, evidence = /^/, args = [], after = 'ok' } of AILMENTS) {
      await t.test(`${check}: ${cause} ${args.join(' ')}`, async () => {
        await withDatabase(server, async (db) => {
          try {
            await db.query(cause);
            const ill = await doctor(db.target, args);
            const finding = found(ill, check);
            assert.equal(finding.state, state, JSON.stringify(finding));
            assert.match(finding.evidence, evidence);
            assert.equal(ill.code, state === 'fail' ? 5 : ill.code);
            if (after === null) return;
            assert.ok(finding.mend !== null);
            await db.query(finding.mend);
            const mended = found(await doctor(db.target, args), check);
            assert.equal(mended.state, after, JSON.stringify(mended));
          } finally {
            await db.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
            await db.query('DROP ROLE IF EXISTS nobody_yet');
          }
        });
      });
    }
  });

  test(`${version}: a role that sees little is told so, not that all is well`, async () => {
    await withDatabase(server, async (db) => {
      await db.query("CREATE ROLE clerk LOGIN PASSWORD 'clerk'");
      await db.query('GRANT SELECT ON ALL TABLES IN SCHEMA public TO clerk');
      try {
        const said = await doctor({ ...db.target, user: 'clerk', password: 'clerk' });
        assert.equal(said.code, 5);
        assert.equal(found(said, 'replication_role').state, 'fail');
        assert.equal(found(said, 'replication_connection').state, 'fail');
        assert.equal(found(said, 'publication_rights').state, 'warn');
        assert.equal(found(said, 'transactions').state, 'not_visible');
        assert.doesNotMatch(JSON.stringify(said), /password.*clerk"/i);
      } finally {
        await db.query('DROP OWNED BY clerk');
        await db.query('DROP ROLE clerk');
      }
    });
  });
}

test('what is prescribed for tables of another schema names that schema', async () => {
  await withDatabase(newest, async (db) => {
    const clinica = { ...db.target, searchPath: 'clinica' };
    await db.query('CREATE SCHEMA clinica');
    await withConnection(clinica, initDb);
    await db.query(`CREATE PUBLICATION cdc FOR TABLE clinica.exames;
      ALTER TABLE clinica.exames REPLICA IDENTITY NOTHING;
      ALTER TABLE clinica.internacoes SET UNLOGGED;
      ALTER TABLE clinica.medicos DROP CONSTRAINT medicos_crm_key;
      ALTER TABLE clinica.exames DROP CONSTRAINT exames_paciente_id_fkey`);
    const wrong = ['replica_identity', 'unlogged', 'natural_keys', 'foreign_keys', 'publication'];
    const ill = await doctor(clinica);
    // An unlogged table must be logged before it can be published.
    for (const check of ill.checks.filter((one) => wrong.includes(one.check)).reverse()) {
      assert.notEqual(check.state, 'ok', check.check);
      assert.match(check.mend ?? '', /clinica\./);
      // In a session with the usual search_path, where tables of the same name are.
      await db.query(check.mend ?? '');
    }
    const mended = await doctor(clinica);
    for (const check of mended.checks.filter((one) => wrong.includes(one.check))) {
      assert.equal(check.state, 'ok', JSON.stringify(check));
    }
  });
});

test('a table filtered or cut to some columns is told', async () => {
  await withDatabase(newest, async (db) => {
    await db.query(
      `CREATE PUBLICATION cdc FOR TABLE ${ALL.replace('exames', 'exames WHERE (id > 5)')}`,
    );
    const finding = found(await doctor(db.target), 'publication');
    assert.equal(finding.state, 'warn');
    assert.match(finding.evidence, /exames/);
    await db.query(finding.mend ?? '');
    assert.equal(found(await doctor(db.target), 'publication').state, 'ok');
  });
});

test('without tables nothing about them is taken for fine', async () => {
  await withDatabase(
    newest,
    async (db) => {
      const said = await doctor(db.target);
      assert.equal(said.code, 5);
      assert.equal(found(said, 'tables').state, 'fail');
      for (const check of ['primary_keys', 'replica_identity', 'unlogged'] as const) {
        assert.equal(found(said, check).state, 'not_visible');
      }
    },
    { empty: true },
  );
});

test('a server without logical decoding is told before anybody makes a slot', async () => {
  await newest.stop();
  await newest.start({ wal_level: 'replica', max_replication_slots: '0' });
  try {
    await withDatabase(newest, async (db) => {
      const said = await doctor(db.target);
      assert.equal(said.code, 5);
      for (const check of ['wal_level', 'replication_slots'] as const) {
        assert.equal(found(said, check).state, 'fail');
      }
      assert.match(found(said, 'wal_level').mend ?? '', /^ALTER SYSTEM SET wal_level = 'logical';/);
    });
  } finally {
    await newest.stop();
    await newest.start();
  }
});
