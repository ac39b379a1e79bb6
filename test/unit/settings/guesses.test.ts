import assert from 'node:assert/strict';
import test from 'node:test';
import * as v from 'valibot';
import { OPTION_KEYS, type OptionKey, optionOf } from '../../../src/settings/options.js';
import { complaint } from './helpers.js';

/** Wrong values of options, and the one that is proposed; null: none, so that the sentence says what is allowed. */
const CASES: readonly (readonly [key: OptionKey, given: string, meant: string | null])[] = [
  ['stream.duration', '5min', '5m'],
  ['stream.duration', '10 s', '10s'],
  ['stream.duration', '1h30m', '90m'],
  ['stream.duration', '1,5s', '1.5s'],
  ['stream.duration', '00:05:00', '5m'],
  ['stream.duration', '2 dias', '48h'],
  ['stream.duration', '100 days', null],
  ['stream.duration', 'forever', null],
  ['stream.rate', '1k', '1000'],
  ['stream.rate', '500/s', '500'],
  ['stream.rate', '1,000', '1000'],
  ['stream.rate', 'MAXI', 'max'],
  ['stream.rate', '-5', null],
  ['stream.batch_size', '1e3', '1000'],
  ['stream.batch_size', '1e9', null],
  ['stream.batch_size', '1.000', '1000'],
  ['stream.max_jitter_ms', '400ms', '400'],
  ['stream.max_jitter_ms', '0.4s', '400'],
  ['stream.update_ratio', '15%', '0.15'],
  ['stream.update_ratio', '15', '0.15'],
  ['stream.update_ratio', '0,15', '0.15'],
  ['stream.update_ratio', '150%', null],
  ['stream.only', 'consulta exames', 'consulta,exame'],
  ['stream.only', 'consulta;cirurgia', null],
  ['stream.weights', 'consulta:3,exames:1', 'consulta=3,exame=1'],
  ['stream.weights', 'consulta', null],
  ['stream.ledger', 'yes', 'true'],
  ['stream.ledger', 'não', 'false'],
  ['verify.memory', '128', '128MB'],
  ['verify.memory', '134217728', '134217728B'],
  ['verify.memory', '1 gib', '1GB'],
  ['verify.memory', '0,5G', '0.5GB'],
  ['verify.memory', '1', null],
  ['seed.reference_date', '29/02/2024', '2024-02-29'],
  ['seed.reference_date', '12/31/2024', '2024-12-31'],
  ['seed.reference_date', '20240229', '2024-02-29'],
  ['seed.reference_date', '2024-2-9', '2024-02-09'],
  ['seed.reference_date', 'hoje', 'today'],
  ['seed.reference_date', '2024-02-30', null],
  ['logging.level', 'warn', 'WARNING'],
  ['logging.level', 'verbose', null],
  ['kafka.security_protocol', 'sasl-ssl', 'SASL_SSL'],
  ['app.lang', 'pt', 'pt-BR'],
  ['db.host', 'localhost:5432', 'localhost'],
  ['db.host', 'a,b', null],
];

test('a value that is nearly right is refused with the right one, and any other with what is allowed', () => {
  for (const [key, given, meant] of CASES) {
    const { env, validator } = optionOf(key);
    const sentence = complaint({ env: { [env]: given } });
    const expected = meant === null ? '; use ' : `; did you mean ${meant}? (`;
    assert.ok(sentence.includes(`"${given}" is not accepted${expected}`), sentence);
    if (meant !== null) assert.ok(v.is(validator.schema, meant), meant);
  }
});

test('a refused secret is never repeated, nor guessed at', () => {
  for (const key of OPTION_KEYS) {
    const { secret, validator } = optionOf(key);
    if (secret) assert.equal(validator.guesses, undefined, key);
  }
});

test('stages that are right one by one, and too long together, are refused with their length', () => {
  const sentence = complaint({ flags: { stage: 'constant:1/500h;constant:1/500h' } });
  assert.match(sentence, /--stage: the stages last 3600000 s together, and 2073600 s is the most/);
});
