import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { VerificationDocument } from '../../src/verify/verdict/document.js';
import { startServers } from '../helpers/server.js';
import { EXTENSION, run, withExtendedWorkspace } from '../helpers/workspace.js';
import { findJava } from './java.js';
import { killTwice, throughDebezium } from './through-debezium.js';

/** `npm run hard-rows` asks for 60. */
const SECONDS = Number(process.env.DEBEZIUM_SECONDS ?? 10);
const RATE = Number(process.env.DEBEZIUM_RATE ?? 200);
/** Of the run with Debezium's defaults: enough for every special value. */
const DEFAULTS_SECONDS = 5;

/** Texts, where the defaults lose values. */
const STRINGS = { 'decimal.handling.mode': 'string', 'interval.handling.mode': 'string' };
/** More nulls than are likely before the first number. */
const FIRST_NULLS = 10;
/** The losses of the defaults, as the document and its text name them. */
const LOSSES = {
  special: 'NaN',
  trailing_zeros: 'zeros',
  interval_microseconds: 'interval',
};

const { java, skip } = await findJava();
const servers =
  skip === false ? await startServers({ settings: { wal_level: 'logical' } }, [18]) : [];
if (servers.length === 0)
  test('hard rows are verified through Debezium', { skip }, () => undefined);

for (const server of servers) {
  assert.ok(java);

  test(`${SECONDS} s of hard rows are exact through Debezium with texts, also when its engine is killed`, async (t) => {
    await withExtendedWorkspace(server, async (workspace) => {
      const { document, output, sent } = await throughDebezium(workspace, {
        java,
        load: { rate: RATE, seconds: SECONDS, options: EXTENSION },
        settings: STRINGS,
        disturb: killTwice(RATE),
      });
      t.diagnostic(`${document.verdict}: ${sent} events, ${document.events.replayed} came again`);
      assert.ok(['exact', 'duplicates'].includes(document.verdict), textOf(document, output));
      assert.ok(document.events.delivered >= sent);
      // Before the first number the mode is unknown: a null could have been NaN.
      const { special = 0, ...others } = document.projections ?? {};
      assert.deepEqual(others, {});
      assert.ok(special <= FIRST_NULLS, `${special} nulls`);
    });
  });

  test('hard rows are exact through Debezium with its defaults, as far as its values go', async () => {
    await withExtendedWorkspace(server, async (workspace) => {
      const { document, output } = await throughDebezium(workspace, {
        java,
        load: { rate: RATE * 2, seconds: DEFAULTS_SECONDS, options: EXTENSION },
      });
      assert.equal(document.verdict, 'exact', textOf(document, output));
      const named = Object.keys(document.projections ?? {}).sort();
      assert.deepEqual(named, Object.keys(LOSSES).sort());
      const args = ['verify', document.run_id, '--source', `ndjson:${output}`];
      const { code, stdout, stderr } = await run(workspace, args);
      assert.equal(code, 0, stderr);
      for (const word of Object.values(LOSSES)) assert.ok(stdout.includes(word), stdout);
    });
  });
}

/** The verdict, with the lines of its examples. */
function textOf(
  { verdict, events, doubts, causes, examples }: VerificationDocument,
  output: string,
) {
  const lines = readFileSync(output, 'utf8').split('\n');
  const shown = examples.map((example) => ({ ...example, line: lines[Number(example.place) - 1] }));
  return JSON.stringify({ verdict, events, doubts, causes, shown }, null, 1);
}
