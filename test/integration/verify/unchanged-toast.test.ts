import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { withConnection } from '../../../src/postgres/connect.js';
import { columnIndex } from '../../../src/schema/table.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { scopeOfNames } from '../../../src/sources/scope.js';
import { currentWalLsn } from '../../../src/sources/slot/lsn.js';
import { SlotSource } from '../../../src/sources/slot/source.js';
import type { Sink } from '../../../src/sources/source.js';
import { compareFinalState } from '../../../src/verify/rows/final-state.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import type { TestDatabase } from '../../helpers/database.js';
import { columnsOf, type ReceivedRow } from '../../helpers/received-row.js';
import { startServers } from '../../helpers/server.js';
import { stream } from '../../helpers/stream-run.js';
import { ListSource, scriptDocument, verifySource } from '../../helpers/verify-script.js';
import { run, type Workspace, withPlainWorkspace } from '../../helpers/workspace.js';
import { dropSlots, makeSlot, makeSlots, verifyAfter } from './verifying.js';

const servers = await startServers();
const { tables } = schemaWith(['prontuario']);
const NOTES = tables.get('prontuarios');
const [TEXT, FILE] = ['texto', 'anexo'].map((name) => columnIndex(NOTES, name)) as [number, number];

const WITH = ['--with', 'prontuario'];
/** Many notes that are too long for their page, and updates of them. */
const LOAD = [
  '--only',
  'prontuario',
  '--update-ratio',
  '0.5',
  '--max-events',
  '1200',
  '--rate',
  'max',
];
/** Bytes: enough for all rows. */
const MEMORY_BYTES = 2 ** 24;

/** The events of a slot up to now. */
async function readSlot({ target }: TestDatabase, slot: string): Promise<readonly ReceivedRow[]> {
  const sink = new CollectingSink(tables);
  const source = new SlotSource({
    tables,
    target,
    slot,
    create: false,
    publications: ['whole'],
    reconnect: { attempts: 1, baseMs: 10, maxMs: 10, failFast: true },
  });
  const end = await withConnection(target, currentWalLsn);
  Object.assign(sink, { progress: (lsn: number) => lsn >= end && source.stop() });
  await source.run(sink, scopeOfNames(tables));
  return sink.rows;
}

/** The verdict about events of a run, with the tables. */
async function verdictOn(
  { db, cwd }: Workspace,
  runId: string,
  events: readonly ReceivedRow[],
): Promise<VerificationDocument> {
  const give = (sink: Sink) => (row: ReceivedRow) => sink.row(row, columnsOf(row));
  const verification = await verifySource(
    join(cwd, 'logs', 'runs', runId, 'ledger'),
    new ListSource(events, give, {}),
    { tables, memoryBytes: MEMORY_BYTES },
  );
  return await withConnection(db.target, async (client) =>
    scriptDocument(verification, await compareFinalState(client, verification)),
  );
}

/** Half of the bytes of a value, as PostgreSQL prints them. */
const cut = (bytes: string) => bytes.slice(0, 2 + 2 * Math.floor((bytes.length - 2) / 4));

for (const server of servers) {
  test(`updates that lack unchanged TOAST are exact, and what is altered in them is found (${server.version})`, async () => {
    await withPlainWorkspace(server, async (workspace) => {
      const { code, stderr } = await run(workspace, ['init-db', ...WITH]);
      assert.equal(code, 0, stderr);
      try {
        await makeSlot(workspace, 'whole', `FOR TABLE ${NOTES.name}`);
        await makeSlots(workspace, 'again');
        const { summary } = await stream(workspace, [...WITH, ...LOAD]);
        const { document } = await verifyAfter(workspace, ['--source', 'slot:whole']);
        assert.equal(document.verdict, 'exact');
        assert.deepEqual(document.doubts, {});
        assert.equal(document.rows.compared, document.rows.followed);
        assert.equal(document.accounting.delivered, summary.events);

        const events = await readSlot(workspace.db, 'again');
        const plain = await verdictOn(workspace, summary.run_id, events);
        assert.equal(plain.verdict, 'exact');
        assert.equal(plain.rows.compared, plain.rows.followed);
        const last = events.findLastIndex(
          ({ operation, unchanged, values }) =>
            operation === 'update' &&
            unchanged?.includes(TEXT) === true &&
            (values?.[FILE]?.length ?? 0) > 2,
        );
        const row = events[last];
        assert.ok(row?.values, 'no update lacks its text and has its file');
        for (const file of [cut(row.values[FILE] ?? ''), '\\x', null]) {
          const altered = { ...row, values: row.values.with(FILE, file) };
          const found = await verdictOn(workspace, summary.run_id, events.with(last, altered));
          assert.equal(found.verdict, 'violation');
          assert.deepEqual(
            found.examples
              .filter(({ violation }) => violation === 'altered')
              .map(({ table, key, detail }) => [table, key, detail]),
            [[NOTES.name, row.key, 'contents']],
          );
        }
      } finally {
        await dropSlots(workspace);
      }
    });
  });
}
