import assert from 'node:assert/strict';
import test from 'node:test';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { startServer } from '../../helpers/server.js';
import { type Streamed, stream } from '../../helpers/stream-run.js';
import { withPlainWorkspace } from '../../helpers/workspace.js';
import {
  assertExact,
  dropSlots,
  lineOf,
  makeSlot,
  readRows,
  verifyAfter,
  writeLines,
} from './verifying.js';

const server = await startServer(18);
const LOAD = ['--workers', '2', '--rate', 'max', '--batch-size', '5', '--max-events', '300'];
const MIX = ['--update-ratio', '0.3', '--delete-ratio', '0.1'];
/** Seconds without a new event: enough on a busy machine. */
const SHORT = ['--wait', '2'];
/** Debezium's default (`unavailable.value.placeholder`), and one set by an operator. */
const DEFAULT_PLACEHOLDER = '__debezium_unavailable_value';
const OWN_PLACEHOLDER = 'n/d';

/** A connector's lines of a run, whose tables are compared, too. */
test('formats and connectors, compared with the tables', async (t) => {
  await withPlainWorkspace(server, async (workspace) => {
    await makeSlot(workspace, 'copied');
    let streamed: Streamed;
    let rows: readonly ReceivedRow[];
    try {
      streamed = await stream(workspace, [...LOAD, ...MIX]);
      rows = await readRows(workspace, 'copied', streamed.summary.events, 'copied');
    } finally {
      await dropSlots(workspace);
    }
    const verify = (
      name: string,
      lines: readonly string[],
      code = 0,
      more: readonly string[] = [],
    ) => verifyAfter(workspace, ['--source', writeLines(workspace, name, lines), ...more], code);
    // An insert without later changes: the table has it as it was written. Not of the first transaction, which
    // shows which connector is the run's.
    const last = rows.find(
      ({ operation, table, key, xid }, at) =>
        operation === 'insert' &&
        table === 'consultas' &&
        xid !== rows[0]?.xid &&
        !rows.slice(at + 1).some((row) => row.table === table && row.key === key),
    );
    assert.ok(last !== undefined);

    for (const serverColumns of [true, false]) {
      const format = { times: 'connect', serverColumns } as const;
      const columns = serverColumns ? 'with' : 'without';
      await t.test(`times in milliseconds, ${columns} created_at`, async () => {
        const lines = rows.map((row) => lineOf(workspace, row, format));
        const { document } = await verify('milliseconds', lines);
        assertExact(document, streamed);
        const { compared, superseded, followed } = document.rows;
        assert.equal((compared ?? 0) + (superseded ?? 0), followed);
        // Without them an event does not have the whole row: the comparison finds only missing rows.
        if (serverColumns) assert.equal(compared, followed);
        assert.ok((compared ?? 0) > 0);
        const line = lineOf(workspace, last, format);
        const late = lines.map((each) => (each === line ? later(each, 'data') : each));
        const altered = await verify('late', late, 7);
        assert.equal(altered.document.violations.altered, 1);
        if (!serverColumns) return;
        const stamped = lines.map((each) => (each === line ? later(each, 'updated_at') : each));
        const wrong = await verify('stamped', stamped, 7);
        const [cause] = wrong.document.causes;
        assert.deepEqual([cause?.detail, cause?.events], ['final_state', 1]);
      });
    }

    await t.test('another connector in the same stream', async () => {
      const other = (row: ReceivedRow): string =>
        lineOf(workspace, { ...row, from: { origin: 'outro' } } as ReceivedRow);
      // The same rows of another server: other transactions, other times.
      const foreign = (row: ReceivedRow): string =>
        other({ ...row, xid: (row.xid ?? 0) + 500_000, lsn: (row.lsn ?? 0) + 7 });
      const beside = await verify(
        'beside',
        rows.flatMap((row) => [lineOf(workspace, row), foreign(row)]),
      );
      assertExact(beside.document, streamed);
      assert.equal(beside.document.events.others.other_server, rows.length);

      const { xid } = last;
      const short = (copy: (row: ReceivedRow) => string) =>
        rows.flatMap((row) => [...(row.xid === xid ? [] : [lineOf(workspace, row)]), copy(row)]);
      const count = rows.filter((row) => row.xid === xid).length;
      const lost = await verify('lost', short(foreign), 7, SHORT);
      assert.equal(lost.document.accounting.missing, count);
      // A connector of the same database has it: it is unknown which one is the run's.
      const rival = await verify('rival', short(other), 8, SHORT);
      assert.deepEqual(rival.document.doubts, { several_servers: count });
    });

    await t.test('--toast-placeholder', async () => {
      const updated = rows.filter(isUpdate);
      assert.ok(updated.length > 0);
      const put = (placeholder: string) =>
        rows.map((row) => lineOf(workspace, isUpdate(row) ? withMotive(row, placeholder) : row));
      const known = await verify('default', put(DEFAULT_PLACEHOLDER));
      assertExact(known.document, streamed);
      const unknown = await verify('own', put(OWN_PLACEHOLDER), 7);
      assert.ok(unknown.document.violations.inconsistent > 0);
      const named = ['--toast-placeholder', OWN_PLACEHOLDER, '--toast-placeholder', 'x'];
      const chosen = await verify('chosen', put(OWN_PLACEHOLDER), 0, named);
      assertExact(chosen.document, streamed);
    });
  });
});

/** Adds a millisecond to a time of a line. */
function later(line: string, column: string): string {
  return line.replace(
    new RegExp(`"${column}":(\\d+)`),
    (_, time) => `"${column}":${Number(time) + 1}`,
  );
}

function isUpdate({ table, operation }: ReceivedRow): boolean {
  return table === 'consultas' && operation === 'update';
}

/** The place of `motivo` among the columns of `consultas`, which no update sets. */
const MOTIVE = 4;

function withMotive(row: ReceivedRow, motive: string): ReceivedRow {
  return { ...row, values: row.values?.with(MOTIVE, motive) ?? null };
}
