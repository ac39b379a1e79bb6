import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import test from 'node:test';
import { HAZARD_NAMES } from '../../../src/hazards/hazards.js';
import { explainSettings } from '../../../src/settings/explain.js';
import { readSources } from '../../../src/settings/resolve.js';
import { changedSettings, loadSettings, withoutSecrets } from '../../../src/settings/settings.js';
import { complaint, inFolder, load } from './helpers.js';

const WITH = { with: 'prontuario' };

test('hazards are named by the flag, the environment and two forms of the file', async () => {
  const expected = { rollback: 0.05, huge: { rows: 1000, everyMs: 30_000 } };
  assert.deepEqual(load({}).stream.hazards, {});
  const text = 'rollback=5%,huge=1000/30s';
  assert.deepEqual(load({ flags: { hazard: text } }).stream.hazards, expected);
  assert.deepEqual(load({ env: { STREAM_HAZARDS: text } }).stream.hazards, expected);
  const files = [
    '[hazards]\nrollback = 0.05\nhuge = "1000/30s"\ncopy = false\n',
    '[stream]\nhazards = ["rollback=5%", "huge=1000/30s"]\n',
    '[stream]\nhazards = "rollback=5%"\n[hazards]\nhuge = "1000/30s"\n',
    '[hazards]\nhuge = "1000/30s"\n[stream]\nhazards = "rollback=5%"\n',
  ];
  for (const toml of files) {
    await inFolder({ 'config/settings.toml': toml }, (cwd) => {
      assert.deepEqual(load({ cwd }).stream.hazards, expected, toml);
    });
  }
});

test('a wrong hazard is refused with its place, all of them at once', async () => {
  const flags = complaint({ flags: { hazard: 'rolback=5%,huge=5000000/30s,' } });
  assert.match(flags, /--hazard: there is no hazard "rolback"; did you mean rollback=5%\?/);
  assert.match(flags, /has from 1 to 1,000,000 rows; did you mean huge=1000000\/30s\?/);
  assert.match(flags, /nothing stands before or after a comma/);
  const toml = '[app]\nrng = 1\n\n[hazards]\nddl = "often"\n';
  await inFolder({ 'config/settings.toml': toml }, (cwd) => {
    assert.match(
      complaint({ cwd }),
      /hazards in config\/settings\.toml, line 4: "ddl=often": "often" is not a time .*; write for example ddl=30s/,
    );
  });
  await inFolder({ 'config/settings.toml': 'hazards = "all"\n' }, (cwd) => {
    assert.match(complaint({ cwd }), /write \[hazards\] on a line/);
  });
});

test('a hazard of an extension that is not asked for is refused, unless all asks for it', () => {
  const sentence = complaint({ flags: { hazard: 'truncate,ddl=5s,rollback,unchanged-toast=off' } });
  assert.match(
    sentence,
    /--hazard: truncate, ddl belong to the extension prontuario, which is not asked for; add --with prontuario/,
  );
  assert.ok(!sentence.includes('unchanged-toast') && !sentence.includes('rollback'), sentence);
  assert.ok(!('truncate' in load({ flags: { hazard: 'all' } }).stream.hazards));
  assert.ok('truncate' in load({ flags: { hazard: 'all', ...WITH } }).stream.hazards);
});

test('hazards without a ledger are refused', () => {
  const flags = { hazard: 'rollback', 'no-ledger': 'false' };
  assert.match(complaint({ flags }), /--hazard: hazards need the ledger/);
  assert.equal(load({ flags: { 'no-ledger': 'false' } }).stream.ledger, false);
  assert.deepEqual(load({ flags: { ...flags, hazard: 'rollback=off' } }).stream.hazards, {});
});

test('the profile has every hazard that needs no name, with the extension', () => {
  const { stream, schema } = load({ profile: 'hazards' });
  assert.deepEqual(schema.extensions, ['prontuario']);
  assert.deepEqual(
    Object.keys(stream.hazards),
    HAZARD_NAMES.filter((name) => name !== 'publication'),
  );
});

test('the settings of a run and their explanation have the hazards as an operator types them', () => {
  const cwd = tmpdir();
  const sources = readSources({ flags: { hazard: 'huge=1000/30s,rollback=0.05' }, env: {}, cwd });
  const settings = loadSettings(sources);
  const { hazards } = withoutSecrets(settings).stream as { hazards: unknown };
  assert.deepEqual(hazards, ['rollback=5%', 'huge=1000/30s']);
  assert.ok(changedSettings(settings, cwd).includes('stream.hazards'));
  const [first] = explainSettings(sources, settings);
  assert.deepEqual(
    [first?.key, first?.value, first?.from],
    ['stream.hazards', 'huge=1000/30s,rollback=0.05', '--hazard'],
  );
});
