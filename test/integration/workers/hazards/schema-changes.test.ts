import assert from 'node:assert/strict';
import test from 'node:test';
import type { Client } from 'pg';
import { undoLeftovers } from '../../../../src/database/hazard-leftovers.js';
import { findLeft } from '../../../../src/database/membership.js';
import { ddl } from '../../../../workers/hazards/ddl.js';
import { publication } from '../../../../workers/hazards/publication.js';
import { truncate } from '../../../../workers/hazards/truncate.js';
import { startServers } from '../../../helpers/server.js';
import { catalogue } from '../../hazards/catalogue.js';
import {
  addedOf,
  counted,
  type Decoded,
  expected,
  type Recorded,
  schema,
  shortXid,
  tables,
  withHistory,
} from './history.js';

const ALL = `TABLE ${tables.names.join(', ')}`;
const { changes, truncate: truncated, unpublish } = schema.hazards;
/** The moments are not looked at. */
const OFTEN = { everyMs: 1 };

for (const server of await startServers({ settings: { wal_level: 'logical' } })) {
  const { version } = server;

  test(`${version}: in a cycle of schema changes every event has the columns and values of its time`, () =>
    withHistory(
      server,
      ALL,
      async (history) => {
        const before = await catalogue(history.client);
        const policy = ddl(OFTEN, schema);
        // Twice: what stays is made once.
        for (let step = 0; step < 2 * changes.length - 1; step++) {
          await history.happen(policy);
          await history.others();
        }
        const names = changes.map(({ name, table }) => `${name} ${table}`);
        const again = changes.filter(({ stays }) => stays === null);
        assert.deepEqual(
          history.recorded.flatMap(({ outcome }) =>
            (outcome.hazards?.ddl ?? []).map(({ change, table }) => `${change} ${table}`),
          ),
          [...names, ...again.map(({ name, table }) => `${name} ${table}`)],
        );
        assert.deepEqual(await catalogue(history.client), {
          ...before,
          routes: [...before.routes, 'inalatória'],
        });
      },
      (decoded, recorded) => {
        assert.deepEqual(counted(decoded), expected(recorded));
        const seen = requireColumns(decoded, recorded);
        const added = tables.flatMap(({ addedColumns }) => addedColumns.map(({ name }) => name));
        assert.deepEqual([...seen].sort(), [...added].sort());
        assert.ok(decoded.some(({ row }) => row?.via === 'inalatória'));
        assert.ok(decoded.some(({ row }) => String(row?.medido_em).startsWith('2100-01-')));
      },
    ));

  test(`${version}: what a killed run left at any step of the cycle is undone`, () =>
    withHistory(
      server,
      ALL,
      async (history) => {
        const { client } = history;
        const before = await catalogue(client);
        for (let steps = 1; steps < changes.length; steps++) {
          const policy = ddl(OFTEN, schema);
          for (let step = 0; step < steps; step++) await history.happen(policy);
          if (steps % 2 === 0) await undoLeftovers(client, schema);
          // Another life of the thread.
          else await history.undo(ddl(OFTEN, schema));
          const { routes: _, ...after } = await catalogue(client);
          assert.deepEqual({ ...after, routes: before.routes }, before, `after ${steps} steps`);
        }
      },
      () => undefined,
    ));

  test(`${version}: a TRUNCATE empties tables while others write to them, in the order of the ledger`, () =>
    withHistory(
      server,
      ALL,
      async (history) => {
        for (let times = 0; times < 8; times++) {
          await history.others();
          await history.happen(truncate(OFTEN, truncated));
        }
        await history.others();
      },
      async (decoded, recorded, client) => {
        const rowsAtEnd = await countRows(client);
        assert.deepEqual(counted(decoded), expected(recorded));
        const lsnOf = lsnsOf(recorded);
        const truncates = recorded.filter(
          ({ outcome }) => outcome.hazards?.truncated !== undefined,
        );
        assert.equal(truncates.length, 8);
        for (const table of truncated) {
          const events = decoded.filter((event) => event.table === table);
          const places = truncates.map(({ xid }) => {
            return events.findIndex(
              (event) => event.operation === 'truncate' && event.xid === shortXid(xid),
            );
          });
          for (const [i, place] of places.entries()) {
            assert.ok(place >= 0, `a TRUNCATE of ${table} has no event`);
            const { lsn } = truncates[i]!;
            for (const [at, { xid }] of events.entries()) {
              if (at !== place) assert.equal(lsnOf.get(xid)! < lsn, at < place, table);
            }
          }
          const rows = events.reduce((sum, { operation }) => {
            if (operation === 'truncate') return 0;
            return sum + (operation === 'insert' ? 1 : operation === 'delete' ? -1 : 0);
          }, 0);
          assert.equal(rows, rowsAtEnd[table]);
        }
      },
    ));

  // Version 14 has no row filters.
  const filtered = version === 14 ? '' : " WHERE (usuario <> 'ninguém')";
  const others = tables.names.filter((name) => name !== unpublish);

  test(`${version}: a table leaves a publication and comes back as it was: its changes meanwhile have no event`, () =>
    withHistory(
      server,
      `TABLE ${others.join(', ')}, ${unpublish}${filtered}`,
      async (history) => {
        const before = await catalogue(history.client);
        const table = tables.get(unpublish!);
        for (let times = 0; times < 10; times++) {
          await history.others();
          await history.happen(publication({ ...OFTEN, name: 'history' }, table));
          assert.equal((await findLeft(history.client, table)) !== null, times % 2 === 0);
        }
        await history.others();
        assert.deepEqual(await catalogue(history.client), before);
      },
      (decoded, recorded) => {
        const steps = recorded
          .flatMap(({ lsn, outcome }) =>
            (outcome.hazards?.ddl ?? []).map(({ change }) => ({ lsn, change })),
          )
          .sort((a, b) => a.lsn - b.lsn);
        assert.equal(steps.length, 10);
        const isPublished = ({ lsn }: Recorded) =>
          steps.findLast((step) => step.lsn <= lsn)?.change !== 'unpublish';
        const all = expected(recorded);
        const published = expected(recorded.filter(isPublished));
        const isOther = ([label]: readonly [string, number]) => !label.includes(` ${unpublish} `);
        const due = [...[...all].filter(isOther), ...[...published].filter((e) => !isOther(e))];
        assert.deepEqual(new Map([...counted(decoded)].sort()), new Map(due.sort()));
        assert.ok(due.length < all.size, 'nothing was written meanwhile');
      },
    ));
}

/** Rows of the tables that are truncated. */
async function countRows(client: Client): Promise<Record<string, number>> {
  const counts = truncated.map((name) => `(SELECT count(*)::int FROM ${name}) AS ${name}`);
  const { rows } = await client.query<Record<string, number>>(`SELECT ${counts.join(', ')}`);
  return rows[0]!;
}

function lsnsOf(recorded: readonly Recorded[]): ReadonlyMap<number, number> {
  return new Map(recorded.map(({ xid, lsn }) => [shortXid(xid), lsn]));
}

/** Do the rows of every event have the added columns that the records say, by their LSNs? Returns those that were seen. */
function requireColumns(
  decoded: readonly Decoded[],
  recorded: readonly Recorded[],
): ReadonlySet<string> {
  const byXid = new Map(recorded.map((each) => [shortXid(each.xid), each]));
  const steps = recorded
    .flatMap(({ lsn, outcome }) =>
      (outcome.hazards?.ddl ?? []).map(({ table, columns }) => ({ lsn, table, columns })),
    )
    .filter(({ columns }) => columns !== undefined)
    .sort((a, b) => a.lsn - b.lsn);
  const seen = new Set<string>();
  for (const { xid, table, row, old } of decoded) {
    const { lsn } = byXid.get(xid)!;
    const step = steps.findLast((each) => each.table === table && each.lsn <= lsn);
    for (const values of [row, old]) {
      if (values === null) continue;
      assert.deepEqual(addedOf(table, values), step?.columns ?? {}, `${table} ${xid}`);
    }
    if (row !== null) for (const name of Object.keys(step?.columns ?? {})) seen.add(name);
  }
  return seen;
}
