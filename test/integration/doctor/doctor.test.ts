import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { initDb } from '../../../src/database/scripts.js';
import { examine } from '../../../src/doctor/doctor.js';
import { standbysNeeded } from '../../../src/doctor/standby-checks.js';
import { runAs } from '../../../src/embedded/account.js';
import { en } from '../../../src/messages/en.js';
import { connect, connectReplication, cut, withConnection } from '../../../src/postgres/connect.js';
import { runCli } from '../../helpers/cli.js';
import { TEMPLATE_DATABASE } from '../../helpers/cluster-template.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { freePort } from '../../helpers/free-port.js';
import { startServers, TestServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { waitFor } from '../../helpers/wait-for.js';
import { AILMENTS, type Ailment } from './ailments.js';
import { adviceOf, follow, found, look, othersParts, publicationsOf } from './examining.js';

const servers = await startServers({ settings: { wal_level: 'logical' } });
const newest = servers.at(-1)!;

/** Roles that an ailment, or its fix, may make: they belong to the server, as slots do. */
const ROLES = ['reader', 'keeper'];

async function cleanUp(db: TestDatabase): Promise<void> {
  await db.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
  for (const role of ROLES) {
    const there = await db.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    if (there.length === 0) continue;
    await db.query(`REASSIGN OWNED BY ${role} TO postgres`);
    await db.query(`DROP OWNED BY ${role}`);
    await db.query(`DROP ROLE ${role}`);
  }
}

/** Fails when a publication makes UPDATE of a table fail; it need not change a row for that. */
async function requireUpdates(db: TestDatabase): Promise<void> {
  await db.query(`DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT c.oid::regclass FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                 WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384 AND a.attname = 'id' LOOP
      EXECUTE format('UPDATE %s SET id = id WHERE id < 0', name);
    END LOOP; END $$`);
}

/** One ailment: found, fixed by the statements that are printed for it, and nothing taken away by them. */
async function heal(db: TestDatabase, ailment: Ailment): Promise<void> {
  const { check, state, cause, evidence = /^/, advice, asked = {}, as, after = 'ok' } = ailment;
  await db.query(cause);
  const target = as === undefined ? db.target : { ...db.target, user: as, password: as };
  let findings = await look(target, asked);
  const finding = found(findings, check);
  const said = `${JSON.stringify(finding)} ${adviceOf(finding).join('; ')}`;
  assert.equal(finding.state, state, said);
  assert.match(finding.evidence, evidence);
  if (advice !== undefined)
    assert.ok(
      adviceOf(finding).some((one) => advice.test(one)),
      said,
    );
  const before = await publicationsOf(db.target);
  const others = await othersParts(db.target);
  if (after === null) assert.equal(finding.mend, null, said);
  else {
    assert.ok(finding.mend !== null, said);
    await follow(target, finding);
    findings = await look(target, asked);
    const mended = found(findings, check);
    assert.equal(mended.state, after, `${said} ${JSON.stringify(mended)}`);
  }
  // Then all the others, from top to bottom. One may become possible only by another, but none is needed twice.
  const followed = new Set<string>();
  for (;;) {
    const left = findings.filter(({ mend }) => mend !== null);
    if (left.length === 0) break;
    for (const one of left) {
      const fix = `${one.check}: ${one.mend}`;
      assert.ok(!followed.has(fix), `its check does not pass after ${fix}`);
      followed.add(fix);
      await follow(target, one);
    }
    findings = await look(target, asked);
  }
  const kept = await publicationsOf(db.target);
  assert.deepEqual(
    before.filter((thing) => !kept.includes(thing)),
    [],
    'taken away',
  );
  assert.deepEqual(await othersParts(db.target), others);
  await requireUpdates(db);
}

for (const server of servers) {
  const { version } = server;

  test(`${version}: every ailment is found, and fixed by what is printed, which takes nothing away`, async (t) => {
    for (const ailment of AILMENTS) {
      if ((ailment.since ?? 0) > version) continue;
      const { check, cause, asked = {} } = ailment;
      await t.test(`${check}: ${cause} ${Object.values(asked).join(' ')}`, async () => {
        await withDatabase(server, async (db) => {
          try {
            await heal(db, ailment);
          } finally {
            await cleanUp(db);
          }
        });
      });
    }
  });

  test(`${version}: a fresh database is fit and ready, and it and the connection stay as they are`, async () => {
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
        const asked = { publication: null, slot: null, role: null, english: en };
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

  test(`${version}: a slot that is being lost is told, and one that is lost is made again`, async () => {
    await withDatabase(server, async (db) => {
      const told = async () => found(await look(db.target, { slot: 'doctored' }), 'slots');
      await db.query("SELECT pg_create_logical_replication_slot('doctored', 'pgoutput')");
      await server.query("ALTER SYSTEM SET max_slot_wal_keep_size = '4MB'");
      try {
        await server.query('SELECT pg_reload_conf()');
        const limited = await waitFor(async () => {
          const finding = await told();
          return /left \(safe_wal_size\)/.test(finding.evidence) ? finding : null;
        });
        assert.equal(limited.state, 'ok', limited.evidence);
        // Segments of 1 MB.
        await db.query(`DO $$ BEGIN
          FOR i IN 1..8 LOOP
            PERFORM pg_logical_emit_message(false, 'fill', ''), pg_switch_wal();
          END LOOP; END $$`);
        const losing = await told();
        assert.equal(losing.state, 'warn', losing.evidence);
        assert.match(losing.evidence, /unreserved/);
        await server.query('CHECKPOINT');
        const lost = await told();
        assert.equal(lost.state, 'fail', lost.evidence);
        assert.match(lost.evidence, /lost/);
        assert.match(adviceOf(lost).join(), /needs a new snapshot/);
        await follow(db.target, lost);
        assert.equal((await told()).state, 'ok');
      } finally {
        await cleanUp(db);
        await server.query('ALTER SYSTEM RESET ALL');
        await server.query('SELECT pg_reload_conf()');
      }
    });
  });

  test(`${version}: a server of another setting is made ready, and its standby is told from it`, async () => {
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
      // Where nothing on the command line outranks ALTER SYSTEM. A physical slot takes the one place.
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

  test(`${version}: a role that sees little is told so, not that all is well`, async () => {
    await withDatabase(server, async (db) => {
      await db.query("CREATE ROLE clerk LOGIN PASSWORD 'clerk'");
      await db.query('GRANT SELECT ON ALL TABLES IN SCHEMA public TO clerk');
      try {
        const clerk = { ...db.target, user: 'clerk', password: 'clerk' };
        const said = await look(clerk);
        assert.equal(found(said, 'replication_role').state, 'fail');
        assert.equal(found(said, 'replication_connection').state, 'fail');
        assert.equal(found(said, 'publication_rights').state, 'warn');
        assert.equal(found(said, 'transactions').state, 'not_visible');
        assert.deepEqual(
          said.flatMap(({ mend }) => mend ?? []),
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

/** Starts a server with nothing but its place on the command line. */
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

/** Every fix that is printed on a standby can be run there. */
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

/** A COMMIT waits for a standby that is named, until it is there. */
async function synchronous(server: TestServer): Promise<void> {
  const target = server.target(TEMPLATE_DATABASE);
  const told = async (names: string) => {
    await server.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
    await server.query('SELECT pg_reload_conf()');
    return waitFor(async () => {
      const finding = found(await look(target), 'synchronous_standbys');
      return finding.evidence.includes(`'${names}'`) ? finding : null;
    });
  };
  const absent = await told('ANY 2 (here, ghost)');
  assert.equal(absent.state, 'warn', absent.evidence);
  assert.match(absent.evidence, /1 \/ 2/);
  assert.match(adviceOf(absent).join(), /COMMIT waits for ever/);
  assert.equal((await told('ghost')).state, 'warn');
  const present = await told('FIRST 1 (here)');
  assert.equal(present.state, 'ok', present.evidence);
  await told('');
}

test('the number of standbys that a COMMIT waits for', () => {
  const needed = ['', ' ', 'a', 'a, b', '*', '2 (a, b, c)', 'FIRST 3 (a,b,c)', 'any 2(a, "B 4")'];
  assert.deepEqual(needed.map(standbysNeeded), [0, 0, 1, 1, 1, 2, 3, 2]);
});

test('slots that hold much, are lost, or are of another database', async () => {
  await newest.stop();
  // Segments of 1 MB: a gigabyte is quickly written.
  await newest.start({ max_slot_wal_keep_size: '2GB', max_wal_size: '4GB' });
  try {
    await withDatabase(newest, async (db) => {
      await db.query(
        `SELECT pg_create_logical_replication_slot('idle', 'pgoutput'),
                pg_create_logical_replication_slot('busy', 'pgoutput')`,
      );
      await newest.query("SELECT pg_create_logical_replication_slot('away', 'pgoutput')");
      const told = found(await look(db.target), 'slots');
      assert.equal(told.state, 'ok', told.evidence);
      assert.match(told.evidence, /away: logical, pgoutput, database postgres, inactive/);
      assert.match(told.evidence, /idle: .* \d\.\d GB left \(safe_wal_size\)/);
      const named = found(await look(db.target, { slot: 'away' }), 'slots');
      assert.equal(named.state, 'fail');
      assert.match(adviceOf(named).join(), /belongs to the database postgres/);

      const consumer = await connectReplication(db.target);
      const stream = consumer.query(
        "START_REPLICATION SLOT busy LOGICAL 0/0 (proto_version '1', publication_names 'none')",
      );
      stream.catch(() => undefined);
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
    await newest.stop();
    await newest.start();
  }
});

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
    const ill = await look(clinica);
    for (const check of ill.filter((one) => wrong.includes(one.check))) {
      assert.notEqual(check.state, 'ok', check.check);
      assert.match(check.mend ?? '', /clinica\./);
      // In a session with the usual search_path, where tables of the same name are.
      await follow(clinica, check);
    }
    const mended = await look(clinica);
    for (const check of mended.filter((one) => wrong.includes(one.check))) {
      assert.equal(check.state, 'ok', JSON.stringify(check));
    }
  });
});

test('without tables nothing about them is taken for fine, and the program says so in both forms', async () => {
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
