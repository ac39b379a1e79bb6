import assert from 'node:assert/strict';
import test from 'node:test';
import { sqlName } from '../../../src/schema/table.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';

const servers = await startServers();

for (const server of servers) {
  const { version } = server;

  test(`${version}: columns may have any word of SQL as their name`, () =>
    withDatabase(server, async (db) => {
      const words = await db.query<{ word: string; reserved: boolean }>(
        `SELECT word, catcode IN ('R', 'T') AS reserved FROM pg_get_keywords() ORDER BY 1`,
      );
      const quoted = words.filter(({ word }) => sqlName(word) !== word);
      // The newest server reserves a word that the oldest does not.
      const unquoted = words.filter(({ word, reserved }) => reserved && sqlName(word) === word);
      assert.deepEqual(unquoted, []);
      if (version === 18)
        assert.deepEqual(
          quoted.filter(({ reserved }) => !reserved),
          [],
        );

      const names = words.map(({ word }) => sqlName(word));
      await db.query(`CREATE TABLE of_words (${names.map((name) => `${name} int`).join(', ')})`);
      await db.query(
        `INSERT INTO of_words (${names.join(', ')}) SELECT ${names.map((_, i) => i).join(', ')}`,
      );
      const [row] = await db.query<Record<string, number>>(
        `SELECT ${names.map((name) => `of_words.${name}`).join(', ')} FROM of_words
          WHERE ${names.map((name, i) => `${name} = ${i}`).join(' AND ')}`,
      );
      assert.deepEqual(row, Object.fromEntries(words.map(({ word }, i) => [word, i])));
    }));
}
