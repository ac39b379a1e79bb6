import assert from 'node:assert/strict';
import test from 'node:test';
import { hashText, hashUtf8 } from '../../../src/ledger/value-hash.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { readRows } from '../../../src/postgres/data-rows.js';
import { randomNumbers } from '../../helpers/random.js';
import { startServers } from '../../helpers/server.js';

const servers = await startServers();
const LETTERS = ['a', '\t', '\\', '\n', 'ç', '…', '😀', "'", '"'];
/** So many that they arrive in several chunks. */
const ROWS = 20_000;

const random = randomNumbers(1);
const below = (end: number) => Math.floor(random() * end);
const rows = Array.from({ length: ROWS }, (_, id) => ({
  id,
  text:
    below(8) === 0 ? null : Array.from({ length: below(40) }, () => LETTERS[below(9)]!).join(''),
}));
const QUERY = {
  text: `SELECT * FROM unnest($1::int[], $2::text[]) AS t(id, "text")`,
  values: [rows.map(({ id }) => id), rows.map(({ text }) => text)],
};

for (const server of servers) {
  test(`${server.version}: rows arrive with the values that a query has`, async () => {
    await withConnection(server.target(), async (client) => {
      const read: { id: number; text: string | null }[] = [];
      await readRows(client, QUERY, (row) => {
        const text = row.text(1);
        const end = row.ends[1]!;
        if (text !== null) {
          assert.equal(hashUtf8(7, row.bytes, row.begins[1]!, end), hashText(7, text));
        }
        assert.equal(row.isNull(1), text === null);
        read.push({ id: row.digits(0), text });
      });
      assert.deepEqual(read, rows);
      const { rows: plain } = await client.query(QUERY);
      assert.deepEqual(plain, rows);
    });
  });

  test(`${server.version}: digits are a number as far as it is exact`, async () => {
    const texts = ['0', '123456789012345', '1234567890123456', '-1', '', '1a', null];
    await withConnection(server.target(), async (client) => {
      const read: number[] = [];
      const text = 'SELECT unnest($1::text[])';
      await readRows(client, { text, values: [texts] }, (row) => read.push(row.digits(0)));
      const none = Number.NaN;
      assert.deepEqual(read, [0, 123456789012345, none, none, none, none, none]);
    });
  });

  test(`${server.version}: after a failure the connection reads as before`, async () => {
    await withConnection(server.target(), async (client) => {
      const text = 'SELECT 1 / (3 - i) FROM generate_series(1, $1::int) i';
      let read = 0;
      await assert.rejects(
        readRows(client, { text, values: [5] }, () => read++),
        { code: '22012' },
      );
      const { rows: after } = await client.query('SELECT 1 AS one');
      assert.deepEqual(after, [{ one: 1 }]);
      assert.ok(read <= 2);
    });
  });
}
