import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { initDb } from '../../../src/database/scripts.js';
import { examine } from '../../../src/doctor/doctor.js';
import type { Finding } from '../../../src/doctor/finding.js';
import { standbysNeeded } from '../../../src/doctor/standby-checks.js';
import { runAs } from '../../../src/embedded/account.js';
import { en } from '../../../src/messages/en.js';
import { connect, connectReplication, cut, withConnection } from '../../../src/postgres/connect.js';
import type { Client } from '../../../src/postgres/driver.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { runCli } from '../../helpers/cli.js';
import { TEMPLATE_DATABASE } from '../../helpers/cluster-template.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { freePort } from '../../helpers/free-port.js';
import { hospital } from '../../helpers/hospital.js';
import { startServers, TestServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { waitFor } from '../../helpers/wait-for.js';
import { AILMENTS, type Ailment } from './ailments.js';
import {
  adviceOf,
  follow,
  followBy,
  found,
  look,
  lookBy,
  othersParts,
  publicationsOf,
} from './examining.js';

// A gigabyte of WAL must not cause checkpoints in the test of slots that hold much.
const settings = { wal_level: 'logical', max_wal_size: '4GB' };
const servers = await startServers({ settings });
const newest = servers.at(-1)!;

/** Roles that an ailment or its fix may create. Like slots they belong to the server, not to the database. */
const ROLES = ['reader', 'keeper'];

async function cleanUp(client: Client): Promise<void> {
  await client.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
  const { rows } = await client.query<{ role: string }>(
    'SELECT rolname::text AS role FROM pg_roles WHERE rolname = ANY ($1::text[])',
    [ROLES],
  );
  for (const { role } of rows) {
    await client.query(
      `REASSIGN OWNED BY ${role} TO postgres; DROP OWNED BY ${role}; DROP ROLE ${role}`,
    );
  }
}

/** Throws if a publication makes UPDATE of a table fail. The UPDATE need not match a row for that. */
async function requireUpdates(client: Client): Promise<void> {
  await client.query(`DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT c.oid::regclass FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                 WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384 AND a.attname = 'id' LOOP
      EXECUTE format('UPDATE %s SET id = id WHERE id < 0', name);
    END LOOP; END $$`);
}

/**
 * Causes one ailment. The doctor must find it, and the printed statements must fix it and take nothing away.
 * `admin`: the administrator's connection to the database.
 */
async function heal(db: TestDatabase, admin: Client, ailment: Ailment): Promise<void> {
  const { check, state, cause, evidence = /^/, advice, asked = {}, as, after = 'ok' } = ailment;
  await admin.query(cause);
  const target = as === undefined ? db.target : { ...db.target, user: as, password: as };
  // Sessions keep their role and their settings, so some ailments need a new one for each look.
  const kept = as === undefined && ailment.setting !== true;
  const examineAgain = () => (kept ? lookBy(admin, target, asked) : look(target, asked));
  const fix = (finding: Finding) =>
    kept ? followBy(admin, target, finding) : follow(target, finding);
  let findings = await examineAgain();
  const finding = found(findings, check);
  const context = `${JSON.stringify(finding)} ${adviceOf(finding).join('; ')}`;
  assert.equal(finding.state, state, context);
  assert.match(finding.evidence, evidence);
  if (advice !== undefined) {
    assert.ok(
      adviceOf(finding).some((sentence) => advice.test(sentence)),
      context,
    );
  }
  const before = await publicationsOf(admin);
  const others = await othersParts(admin);
  if (after === null) assert.equal(finding.mend, null, context);
  else {
    assert.ok(finding.mend !== null, context);
    await fix(finding);
    findings = await examineAgain();
    const fixed = found(findings, check);
    assert.equal(fixed.state, after, `${context} ${JSON.stringify(fixed)}`);
  }
  // Then all other fixes, from top to bottom. One may become possible only by another; none is needed twice.
  const followed = new Set<string>();
  for (;;) {
    const left = findings.filter(({ mend }) => mend !== null);
    if (left.length === 0) break;
    for (const other of left) {
      const name = `${other.check}: ${other.mend}`;
      assert.ok(!followed.has(name), `its check does not pass after ${name}`);
      followed.add(name);
      await fix(other);
    }
    findings = await examineAgain();
  }
  const afterwards = await publicationsOf(admin);
  assert.deepEqual(
    before.filter((part) => !afterwards.includes(part)),
    [],
    'taken away',
  );
  assert.deepEqual(await othersParts(admin), others);
  await requireUpdates(admin);
}

test('every ailment is found, and fixed by the printed statements, which take nothing away', {
  concurrency: true,
}, async (t) => {
  // Each version has a server of its own: one works while the test waits for the other.
  const healAll = (server: TestServer) =>
    t.test(`${server.version}`, async (t) => {
      for (const ailment of AILMENTS) {
        if ((ailment.since ?? 0) > server.version) continue;
        const { check, cause, asked = {} } = ailment;
        await t.test(`${check}: ${cause} ${Object.values(asked).join(' ')}`, () =>
          withDatabase(server, (db) =>
            withConnection(db.target, async (admin) => {
              try {
                await heal(db, admin, ailment);
              } finally {
                await cleanUp(admin);
              }
            }),
          ),
        );
      }
    });
  await Promise.all(servers.map(healAll));
});

for (const server of servers) {
  const { version } = server;

  test(`${version}: a fresh database passes, and the doctor changes neither it nor the connection`, async () => {
    await withDatabase(server, async (db) => {
      const client = await connect(db.target);
      try {
        const state = async () => {
          const settings = await client.query(
            `SELECT name, setting FROM pg_settings WHERE source = 'session' ORDER BY 1`,
          );
          const { rows } = await client.query(
            `SELECT (SELECT count(*)::int FROM pg_publication) AS publications,
                    (SELECT count(*)::int FROM pg_replication_slots) AS slots,
                    (SELECT count(*)::int FROM pg_prepared_statements) AS statements,
                    now() = statement_timestamp() AS outside_a_transaction`,
          );
          return [settings.rows, rows];
        };
        const before = await state();
        // A constraint that is missing makes it search the rows.
        await db.query('ALTER TABLE pacientes DROP CONSTRAINT pacientes_cpf_key');
        const asked = { schema: hospital, publication: null, slot: null, role: null, english: en };
        const findings = await examine({ client, target: db.target, ...asked });
        assert.deepEqual(
          findings.filter(({ state }) => ['fail', 'not_visible'].includes(state)),
          [],
        );
        assert.deepEqual(await state(), before);
      } finally {
        await client.end();
      }
    });
  });

  test(`${version}: a slot that is being lost is reported, and one that is lost is created again`, async () => {
    await withDatabase(server, async (db) => {
      const finding = async () => found(await look(db.target, { slot: 'doctored' }), 'slots');
      await db.query("SELECT pg_create_logical_replication_slot('doctored', 'pgoutput')");
      await server.query("ALTER SYSTEM SET max_slot_wal_keep_size = '4MB'");
      try {
        await server.query('SELECT pg_reload_conf()');
        const limited = await waitFor(async () => {
          const current = await finding();
          return /left \(safe_wal_size\)/.test(current.evidence) ? current : null;
        });
        assert.equal(limited.state, 'ok', limited.evidence);
        // Segments of 1 MB.
        await db.query(`DO $$ BEGIN
          FOR i IN 1..8 LOOP
            PERFORM pg_logical_emit_message(false, 'fill', ''), pg_switch_wal();
          END LOOP; END $$`);
        const losing = await finding();
        assert.equal(losing.state, 'warn', losing.evidence);
        assert.match(losing.evidence, /unreserved/);
        await server.query('CHECKPOINT');
        const lost = await finding();
        assert.equal(lost.state, 'fail', lost.evidence);
        assert.match(lost.evidence, /lost/);
        assert.match(adviceOf(lost).join(), /needs a new snapshot/);
        await follow(db.target, lost);
        assert.equal((await finding()).state, 'ok');
      } finally {
        await withConnection(db.target, cleanUp);
        await server.query('ALTER SYSTEM RESET ALL');
        await server.query('SELECT pg_reload_conf()');
      }
    });
  });

  test(`${version}: a server with unfit settings is made ready, and its standby is recognized`, async () => {
    const standbyDir = join(server.cluster.dir, '..', 'standby');
    const standby = new TestServer(
      { ...server.cluster, dir: standbyDir, log: `${standbyDir}.log` },
      version,
      await freePort(),
      {},
    );
    await server.query("ALTER SYSTEM SET wal_level = 'replica'");
    await server.query('ALTER SYSTEM SET max_replication_slots = 1');
    await server.stop();
    await startPlain(server);
    try {
      // Nothing on the command line outranks ALTER SYSTEM now. The physical slot takes the only place.
      await server.query("SELECT pg_create_physical_replication_slot('standby', true)");
      const target = server.target(TEMPLATE_DATABASE);
      const ill = await look(target, { slot: 'cdc' });
      for (const check of ['wal_level', 'replication_slots'] as const) {
        assert.equal(found(ill, check).state, 'fail', check);
        assert.deepEqual(adviceOf(found(ill, check)), ['then restart the server']);
        await follow(target, found(ill, check));
      }
      assert.equal(found(ill, 'slots').mend, null);
      await server.stop();
      const copied = await runAs(null, 'cp', ['-a', server.cluster.dir, standbyDir]);
      assert.equal(copied.code, 0, copied.output);
      writeFileSync(join(standbyDir, 'standby.signal'), '');
      await startPlain(server);
      const ready = await look(target, { slot: 'cdc' });
      for (const check of ['wal_level', 'replication_slots', 'recovery'] as const) {
        assert.equal(found(ready, check).state, 'ok', check);
      }
      const { user, password, host, port } = target;
      await standby.start({
        primary_conninfo: `host=${host} port=${port} user=${user} password=${password} application_name=here`,
        primary_slot_name: 'standby',
      });
      await receiving(standby);
      await onStandby(standby);
      await synchronous(server);
    } finally {
      await standby.stop('immediate').catch(() => undefined);
      await startPlain(server).catch(() => undefined);
      await server.query('ALTER SYSTEM RESET ALL');
      await server.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
      await server.stop();
      await server.start();
    }
  });

  test(`${version}: for a role with few rights the doctor reports the rights that it lacks, not that all is well`, async () => {
    await withDatabase(server, async (db) => {
      await db.query("CREATE ROLE clerk LOGIN PASSWORD 'clerk'");
      await db.query('GRANT SELECT ON ALL TABLES IN SCHEMA public TO clerk');
      try {
        const clerk = { ...db.target, user: 'clerk', password: 'clerk' };
        const findings = await look(clerk);
        assert.equal(found(findings, 'replication_role').state, 'fail');
        assert.equal(found(findings, 'replication_connection').state, 'fail');
        assert.equal(found(findings, 'publication_rights').state, 'warn');
        assert.equal(found(findings, 'transactions').state, 'not_visible');
        assert.deepEqual(
          findings.flatMap(({ mend }) => mend ?? []),
          [],
          'fixes that it may not run',
        );
      } finally {
        await db.query('DROP OWNED BY clerk');
        await db.query('DROP ROLE clerk');
      }
    });
  });
}

/** Starts a server with only its address on the command line. */
async function startPlain({ cluster, port }: TestServer): Promise<void> {
  const { account, binaries, dir, log } = cluster;
  const { code, output } = await runAs(account, join(binaries.bin, 'pg_ctl'), [
    ...['start', '--silent', '--wait', `--pgdata=${dir}`, `--log=${log}`],
    `--options=-c port=${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`,
  ]);
  assert.equal(code, 0, output);
}

function receiving(standby: TestServer): Promise<unknown> {
  return waitFor(async () => {
    const rows = await standby.query<{ there: boolean }>(
      "SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') AS there",
    );
    return rows[0]?.there === true;
  });
}

/** On a standby, every printed fix can be run there. */
async function onStandby(standby: TestServer): Promise<void> {
  const target = standby.target(TEMPLATE_DATABASE);
  const ill = await look(target, { publication: 'cdc' });
  const recovery = found(ill, 'recovery');
  assert.match(recovery.evidence, /standby/);
  assert.equal(found(ill, 'slots').state, 'ok', found(ill, 'slots').evidence);
  assert.match(
    adviceOf(found(ill, 'publication')).join(),
    /^on the primary: CREATE PUBLICATION cdc/,
  );
  for (const finding of ill) await follow(target, finding);
  if (standby.version < 16) {
    assert.equal(recovery.state, 'fail');
    return;
  }
  assert.equal(recovery.state, 'warn');
  assert.match(recovery.evidence, /hot_standby_feedback = off/);
  // The reload takes effect a moment later.
  await waitFor(async () => found(await look(target), 'recovery').state === 'info');
}

/** A named synchronous standby that is not connected is reported, since COMMIT waits for it. */
async function synchronous(server: TestServer): Promise<void> {
  const target = server.target(TEMPLATE_DATABASE);
  const findingFor = async (names: string) => {
    await server.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
    await server.query('SELECT pg_reload_conf()');
    return waitFor(async () => {
      const finding = found(await look(target), 'synchronous_standbys');
      return finding.evidence.includes(`'${names}'`) ? finding : null;
    });
  };
  const absent = await findingFor('ANY 2 (here, ghost)');
  assert.equal(absent.state, 'warn', absent.evidence);
  assert.match(absent.evidence, /1 \/ 2/);
  assert.match(adviceOf(absent).join(), /COMMIT waits forever/);
  assert.equal((await findingFor('ghost')).state, 'warn');
  const present = await findingFor('FIRST 1 (here)');
  assert.equal(present.state, 'ok', present.evidence);
  await findingFor('');
}

test('the number of standbys that a COMMIT waits for', () => {
  const needed = ['', ' ', 'a', 'a, b', '*', '2 (a, b, c)', 'FIRST 3 (a,b,c)', 'any 2(a, "B 4")'];
  assert.deepEqual(needed.map(standbysNeeded), [0, 0, 1, 1, 1, 2, 3, 2]);
});

test('slots that hold much, are lost, or are of another database', async () => {
  await newest.query("ALTER SYSTEM SET max_slot_wal_keep_size = '2GB'");
  await newest.query('SELECT pg_reload_conf()');
  try {
    await withDatabase(newest, async (db) => {
      await db.query(
        `SELECT pg_create_logical_replication_slot('idle', 'pgoutput'),
                pg_create_logical_replication_slot('busy', 'pgoutput')`,
      );
      await newest.query("SELECT pg_create_logical_replication_slot('away', 'pgoutput')");
      const limited = await waitFor(async () => {
        const finding = found(await look(db.target), 'slots');
        return /left \(safe_wal_size\)/.test(finding.evidence) ? finding : null;
      });
      assert.equal(limited.state, 'ok', limited.evidence);
      assert.match(limited.evidence, /away: logical, pgoutput, database postgres, inactive/);
      assert.match(limited.evidence, /idle: .* \d\.\d GB left \(safe_wal_size\)/);
      const named = found(await look(db.target, { slot: 'away' }), 'slots');
      assert.equal(named.state, 'fail');
      assert.match(adviceOf(named).join(), /belongs to the database postgres/);

      const consumer = await connectReplication(db.target);
      const stream = consumer.query(
        "START_REPLICATION SLOT busy LOGICAL 0/0 (proto_version '1', publication_names 'none')",
      );
      stream.catch(() => undefined);
      // A gigabyte in segments of 1 MB, each nearly empty, so that it is written quickly.
      await db.query(`DO $$ BEGIN
        FOR i IN 1..1100 LOOP
          PERFORM pg_logical_emit_message(false, 'fill', ''), pg_switch_wal();
        END LOOP; END $$`);
      const held = await waitFor(async () => {
        const finding = found(await look(db.target), 'slots');
        return /busy: logical, pgoutput, active/.test(finding.evidence) ? finding : null;
      });
      cut(consumer);
      assert.equal(held.state, 'warn', held.evidence);
      assert.match(
        held.evidence,
        /busy: [^;]*active \(pid \d+\), [^;]*holds 1\.\d GB, 0\.\d|9\d\d\.\d/,
      );
      assert.match(adviceOf(held).join(), /busy is connected and does not acknowledge/);
      assert.match(adviceOf(held).join(), /start the consumer of slot idle/);
      assert.equal(held.mend, null);
    });
  } finally {
    await newest.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
    await newest.query('ALTER SYSTEM RESET ALL');
    await newest.query('SELECT pg_reload_conf()');
  }
});

test('a fix for tables of another schema names that schema', async () => {
  await withDatabase(newest, async (db) => {
    const clinica = { ...db.target, searchPath: 'clinica' };
    await db.query('CREATE SCHEMA clinica');
    await withConnection(clinica, (client) => initDb(client, clinica, hospital));
    await db.query(`CREATE PUBLICATION cdc FOR TABLE clinica.exames;
      ALTER TABLE clinica.exames REPLICA IDENTITY NOTHING;
      ALTER TABLE clinica.internacoes SET UNLOGGED;
      ALTER TABLE clinica.medicos DROP CONSTRAINT medicos_crm_key;
      ALTER TABLE clinica.exames DROP CONSTRAINT exames_paciente_id_fkey`);
    const wrong = ['replica_identity', 'unlogged', 'natural_keys', 'foreign_keys', 'publication'];
    const ill = await look(clinica);
    for (const check of ill.filter((one) => wrong.includes(one.check))) {
      assert.notEqual(check.state, 'ok', check.check);
      assert.match(check.mend ?? '', /clinica\./);
      // The session has the usual search_path, which has tables of the same names.
      await follow(clinica, check);
    }
    const fixed = await look(clinica);
    for (const check of fixed.filter((one) => wrong.includes(one.check))) {
      assert.equal(check.state, 'ok', JSON.stringify(check));
    }
  });
});

test('without tables their checks are not visible, and the program says so as JSON and as text', async () => {
  await withDatabase(
    newest,
    async (db) => {
      await withTempFolder(async (cwd) => {
        const env = { ...envOf(db.target), APP_LANG: 'en' };
        const { code, stdout, stderr } = await runCli(['doctor', '--json'], { cwd, env });
        assert.equal(code, 5, stderr);
        const { ok, checks } = JSON.parse(stdout);
        assert.equal(ok, false);
        assert.equal(found(checks, 'tables').mend, 'oltp-simulator init-db');
        assert.deepEqual(found(checks, 'publication').advice, ['first fix: tables']);
        for (const check of ['primary_keys', 'replica_identity', 'unlogged', 'triggers'] as const) {
          assert.equal(found(checks, check).state, 'not_visible');
        }
        const text = await runCli(['doctor'], { cwd, env });
        assert.match(text.stdout, /To fix it:\n {2}tables:\n {4}oltp-simulator init-db\n/);
        assert.match(text.stdout, /\n {4}-- first fix: tables\n/);
      });
    },
    { empty: true },
  );
});

test('the tables of an extension are judged by their own keys', async () => {
  const extended = schemaWith(['prontuario']);
  for (const server of servers) {
    await withDatabase(server, (db) =>
      withConnection(db.target, async (client) => {
        await initDb(client, db.target, extended);
        const asked = { schema: extended, publication: null, slot: null, role: null, english: en };
        const see = () => examine({ client, target: db.target, ...asked });
        const fresh = await see();
        for (const check of ['primary_keys', 'foreign_keys', 'timestamps'] as const) {
          assert.equal(
            found(fresh, check).state,
            'ok',
            `${check}: ${found(fresh, check).evidence}`,
          );
        }
        // Without a key, all columns identify a row: that is right.
        assert.match(found(fresh, 'primary_keys').evidence, /auditoria: all columns \(no key\)/);
        const identity = found(fresh, 'replica_identity');
        assert.equal(identity.state, 'ok');
        assert.match(
          identity.evidence,
          /^id \(8\).*paciente_id, medido_em \(\d+\).*FULL: auditoria$/,
        );
        const toast = found(fresh, 'toast');
        assert.equal(toast.state, 'warn');
        assert.match(toast.evidence, /^prontuarios, sinais_vitais \((\d+) \/ \1 partitions\), /);
        // One statement for all partitions of a table, that the session can run as it stands.
        const ofVitals = toast.mend?.split('\n').filter((line) => /sinais_vitais/.test(line)) ?? [];
        assert.equal(ofVitals.length, 1, toast.mend ?? '');
        await client.query(`BEGIN; ${ofVitals[0]}`);
        assert.doesNotMatch(found(await see(), 'toast').evidence, /sinais_vitais/);
        await client.query('ROLLBACK');

        await client.query(`
          ALTER TABLE auditoria REPLICA IDENTITY DEFAULT;
          ALTER TABLE prescricoes DROP CONSTRAINT prescricoes_pkey;
          ALTER TABLE sinais_vitais DROP CONSTRAINT sinais_vitais_pkey;
          ALTER TABLE faturamento."Itens da Conta"
            DROP CONSTRAINT "Itens da Conta_Item Principal_fkey";
          ALTER TABLE faturamento."Itens da Conta" DISABLE TRIGGER "Itens da Conta_updated_at"`);
        const ill = await see();
        const states = (
          ['primary_keys', 'foreign_keys', 'timestamps', 'replica_identity'] as const
        ).map((check) => [check, found(ill, check).state]);
        assert.deepEqual(states, [
          ['primary_keys', 'fail'],
          ['foreign_keys', 'warn'],
          ['timestamps', 'warn'],
          ['replica_identity', 'fail'],
        ]);
        assert.match(
          found(ill, 'primary_keys').mend ?? '',
          /ALTER TABLE sinais_vitais ADD PRIMARY KEY \(paciente_id, medido_em\);/,
        );
        assert.match(
          found(ill, 'replica_identity').mend ?? '',
          /ALTER TABLE auditoria REPLICA IDENTITY FULL;/,
        );
        for (const [check] of states.slice(0, 3)) {
          await followBy(client, db.target, found(ill, check as 'primary_keys'));
        }
        await followBy(client, db.target, found(await see(), 'replica_identity'));
        const healed = await see();
        for (const [check] of states) {
          const { state, evidence } = found(healed, check as 'primary_keys');
          assert.equal(state, 'ok', `${check}: ${evidence}`);
        }
      }),
    );
  }
});

test('the fix for missing tables of an extension names it', async () => {
  await withDatabase(newest, (db) =>
    withConnection(db.target, async (client) => {
      const schema = schemaWith(['prontuario']);
      const asked = { schema, publication: null, slot: null, role: null, english: en };
      const see = () => examine({ client, target: db.target, ...asked });
      const missing = found(await see(), 'tables');
      assert.equal(missing.state, 'fail');
      assert.equal(missing.mend, 'oltp-simulator init-db --with prontuario');
      await followBy(client, db.target, missing);
      assert.equal(found(await see(), 'tables').state, 'ok');
    }),
  );
});

test('a role that prints values whole outranks its database, and the server counts where neither says', async () => {
  for (const server of servers) {
    await withDatabase(server, async (db) => {
      const see = async (asked = {}) => found(await look(db.target, asked), 'value_formats');
      const whole = 'bytea_output = hex, IntervalStyle = postgres, extra_float_digits = 1';
      assert.deepEqual(await see(), {
        ...{ check: 'value_formats', profile: 'ready', state: 'ok', evidence: whole, mend: null },
      });
      try {
        await db.query(`CREATE ROLE reader LOGIN REPLICATION;
          ALTER ROLE reader SET IntervalStyle = postgres;
          ALTER DATABASE ${db.name} SET IntervalStyle = sql_standard`);
        assert.equal((await see({ role: 'reader' })).state, 'ok');
        assert.equal((await see()).mend, `ALTER DATABASE ${db.name} RESET IntervalStyle;`);
        await db.query(`ALTER DATABASE ${db.name} RESET IntervalStyle`);

        await db.query('ALTER SYSTEM SET extra_float_digits = 0');
        await db.query('SELECT pg_reload_conf()');
        await waitFor(async () => (await see()).state === 'warn', { what: 'the new setting' });
        const spoilt = await see({ role: 'reader' });
        assert.equal(spoilt.evidence, 'extra_float_digits = 0 (server)');
        await follow(db.target, spoilt);
        await waitFor(async () => (await see()).state === 'ok', { what: 'the fixed setting' });
      } finally {
        await db.query('ALTER SYSTEM RESET extra_float_digits');
        await db.query('SELECT pg_reload_conf()');
        await db.query('DROP ROLE IF EXISTS reader');
      }
    });
  }
});
