import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import test from 'node:test';
import { schemaWith } from '../../../src/schemas/index.js';
import { readSources } from '../../../src/settings/resolve.js';
import { changedSettings, loadSettings, withoutSecrets } from '../../../src/settings/settings.js';
import { complaint, inFolder, load } from './helpers.js';

const WITH = { with: 'prontuario' };
const hospital = schemaWith([]);
const extended = schemaWith(['prontuario']);

test('without an extension the settings have the tables and event types of the hospital alone', () => {
  const { schema, seed, stream } = load({});
  assert.deepEqual(schema.extensions, []);
  assert.deepEqual(Object.keys(seed.volumes).sort(), [...hospital.tables.names].sort());
  assert.deepEqual(Object.keys(stream.weights), hospital.eventTypes);
});

test('an extension may be named by the flag, the environment and the file, once or several times', async () => {
  assert.deepEqual(load({ flags: { with: 'PRONTUARIO,prontuario' } }).schema.extensions, [
    'prontuario',
  ]);
  const env = { SCHEMA_EXTENSIONS: 'prontuario' };
  assert.deepEqual(load({ env }).schema.extensions, ['prontuario']);
  const toml = '[schema]\nextensions = ["prontuario"]\n[seed]\nitens_da_conta = 7\n';
  await inFolder({ 'config/settings.toml': toml }, (cwd) => {
    const { schema, seed } = load({ cwd });
    assert.deepEqual(schema.extensions, ['prontuario']);
    assert.equal(seed.volumes['faturamento."Itens da Conta"'], 7);
  });
  assert.match(complaint({ flags: { with: 'prontuaria' } }), /did you mean prontuario\?/);
});

test('an extension brings the volumes and weights of its own', () => {
  const { seed, stream } = load({ flags: WITH, env: { SEED_SINAIS_VITAIS: '12' } });
  assert.deepEqual(Object.keys(seed.volumes).sort(), [...extended.tables.names].sort());
  assert.equal(seed.volumes.sinais_vitais, 12);
  assert.equal(seed.volumes.prontuarios, extended.tables.get('prontuarios').volume.rows);
  const own = [...extended.events.values()].map(({ type, weight }) => [type, weight]);
  assert.deepEqual(Object.entries(stream.weights), own);
});

test('an extension keeps its own weights until one of its types is weighed', () => {
  const weightsOf = (STREAM_WEIGHTS: string) =>
    load({ flags: WITH, env: { STREAM_WEIGHTS } }).stream.weights;
  const untouched = weightsOf('consulta=3');
  assert.deepEqual([untouched.consulta, untouched.exame], [3, 0]);
  assert.equal(untouched.sinal_vital, extended.event('sinal_vital').weight);
  const weighed = weightsOf('consulta=3,sinal_vital=1');
  assert.deepEqual([weighed.consulta, weighed.sinal_vital, weighed.prontuario], [3, 1, 0]);
});

test('names of an extension that is not asked for are refused with the option that asks for it', () => {
  const all: readonly [what: Parameters<typeof complaint>[0], named: RegExp][] = [
    [
      { flags: { only: 'exame,prontuario' } },
      /^.*--only: prontuario belongs to .*--with prontuario/,
    ],
    [{ env: { STREAM_WEIGHTS: 'auditoria=1' } }, /STREAM_WEIGHTS.*: auditoria belongs/],
    [
      { flags: { threshold: 'rows.auditoria.insert>1;item_conta.insert.events>1' } },
      /--threshold: rows\.auditoria\.insert, item_conta\.insert\.events belong to/,
    ],
  ];
  for (const [inputs, named] of all) {
    const sentence = complaint(inputs);
    assert.match(sentence, named);
    assert.doesNotMatch(sentence, /problems/);
    load({ ...inputs, flags: { ...inputs.flags, ...WITH } });
  }
  // Weight 0 asks for nothing.
  load({ env: { STREAM_WEIGHTS: 'consulta=1,auditoria=0' } });
});

test('a threshold may be about a table whose name has quotes, blanks and dots', () => {
  const threshold = 'rows.faturamento."Itens da Conta".insert >= 1, abort';
  const [read] = load({ flags: { ...WITH, threshold } }).stream.thresholds;
  assert.equal(read?.metric, 'rows.faturamento."Itens da Conta".insert');
  assert.equal(read?.abort, true);
});

test('of a run with an extension, the extension itself is the changed setting', () => {
  const settings = loadSettings(
    readSources({ flags: { ...WITH, 'batch-size': '7' }, env: {}, cwd: tmpdir() }),
  );
  assert.deepEqual(changedSettings(settings, tmpdir()), ['schema.extensions', 'stream.batchSize']);
  assert.deepEqual(withoutSecrets(settings).schema, { extensions: ['prontuario'] });
});
