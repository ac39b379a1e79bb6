import assert from 'node:assert/strict';
import test from 'node:test';
import { LANGUAGES, messagesIn } from '../../../src/messages/index.js';
import { causeText } from '../../../src/postgres/cause.js';
import type { Failure } from '../../../src/postgres/failures.js';
import { conditionName } from '../../../src/postgres/sqlstate.js';
import { failure } from '../../helpers/failure.js';

const WHERE = 'localhost:5432';

test('a cause is said in words, with its code; without words, as the server says it', () => {
  const cases: readonly [Failure, string][] = [
    [failure('57P01'), 'terminated by an administrator (57P01)'],
    [
      failure('57P01', 'terminating connection due to unexpected postmaster exit'),
      "the server's main process ended unexpectedly (57P01)",
    ],
    [failure('53100'), "the server's disk is full (53100)"],
    [failure('40P01'), 'deadlock with another transaction (40P01)'],
    [failure('25P03'), 'ended by idle_in_transaction_session_timeout (25P03)'],
    [
      failure('57014', 'canceling statement due to user request'),
      'cancelled by another session (57014)',
    ],
    [failure('ECONNREFUSED'), 'nothing listens at localhost:5432 (ECONNREFUSED)'],
    [failure('XX000'), 'as the server says (XX000)'],
    [failure('ECONNABORTED'), 'as the server says (ECONNABORTED)'],
    [{ ...failure('E'), errno: null }, 'as the server says'],
  ];
  for (const [given, text] of cases) assert.equal(causeText(given, WHERE, messagesIn('en')), text);
});

test('every cause has words in both languages', () => {
  for (const code of Object.keys(messagesIn('en').db.causes)) {
    const texts = LANGUAGES.map((language) =>
      causeText(failure(code, 'unknown'), WHERE, messagesIn(language)),
    );
    assert.notEqual(texts[0], texts[1], code);
    for (const text of texts) assert.match(text, new RegExp(`^[^?]{8,} \\(${code}\\)$`));
  }
});

test('a condition has the name that the documentation gives it, or that of its class', () => {
  const names: Readonly<Record<string, string>> = {
    '23505': 'unique_violation',
    '23503': 'foreign_key_violation',
    '22001': 'string_data_right_truncation',
    '23ABC': 'integrity_constraint_violation',
    P0001: 'raise_exception',
    '22ABC': 'data_exception',
    ZZ000: 'ZZ000',
  };
  for (const [sqlstate, name] of Object.entries(names)) assert.equal(conditionName(sqlstate), name);
});
