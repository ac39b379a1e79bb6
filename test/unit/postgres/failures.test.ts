import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import { DatabaseError } from 'pg';
import { EXIT, OperatorError } from '../../../src/errors.js';
import { ptBR } from '../../../src/messages/pt-BR.js';
import { describeFailure, failedColumn, failureError } from '../../../src/postgres/failures.js';
import { testTarget } from '../../helpers/test-target.js';

const TARGET = { ...testTarget(5432, 'hospital_oltp'), password: 'segredo-42' };

function serverError(code: string, message = 'words', more: Partial<DatabaseError> = {}) {
  const error = new DatabaseError(message, message.length, 'error');
  return Object.assign(error, { code, severity: 'ERROR' }, more);
}

function systemError(code: string, syscall = 'connect') {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

const CASES: readonly (readonly [string, unknown, string])[] = [
  ['a duplicate', serverError('23505'), 'light'],
  ['a value too long', serverError('22001'), 'light'],
  ['an exception of a trigger', serverError('P0001'), 'light'],
  ['a serialization failure', serverError('40001'), 'retry'],
  ['a deadlock', serverError('40P01'), 'retry'],
  ['an unknown completion of a statement', serverError('40003'), 'critical'],
  ['too many connections', serverError('53300'), 'critical'],
  ['a server shutting down', serverError('57P01'), 'critical'],
  ['a read-only server', serverError('25006'), 'critical'],
  ['a dropped database', serverError('57P04'), 'hopeless'],
  ['a wrong password', serverError('28P01'), 'hopeless'],
  ['a missing table', serverError('42P01'), 'hopeless'],
  ['a syntax error', serverError('42601'), 'defect'],
  ['an unknown code', serverError('ZZ999'), 'hopeless'],
  [
    'an unknown code that ended the session',
    serverError('ZZ999', '', { severity: 'FATAL' }),
    'critical',
  ],
  // Five capital letters, and no SQLSTATE.
  ['a broken pipe', systemError('EPIPE', 'write'), 'critical'],
  ['a refused connection', systemError('ECONNREFUSED'), 'critical'],
  ['a socket file that is missing', systemError('ENOENT'), 'critical'],
  ['a file that is missing', systemError('ENOENT', 'open'), 'defect'],
  ['an expired certificate', systemError('CERT_HAS_EXPIRED', ''), 'hopeless'],
  ['a connection that ended', new Error('Connection terminated unexpectedly'), 'critical'],
  ['a TypeError', new TypeError('x is not a function'), 'defect'],
  ['something thrown that is no error', 'oops', 'defect'],
];

for (const [name, error, expected] of CASES) {
  test(`${name} is ${expected}`, () => {
    assert.equal(describeFailure(error).class, expected);
  });
}

test('if all addresses of a host refuse, the failure is that of the first', () => {
  const error = new AggregateError([systemError('ECONNREFUSED'), systemError('ENETUNREACH')]);
  const failure = describeFailure(error);
  assert.equal(failure.class, 'critical');
  assert.equal(failure.errno, 'ECONNREFUSED');
  assert.equal(failure.message, 'connect ECONNREFUSED; connect ENETUNREACH');
});

test('a value that the server quotes is removed from the message', () => {
  const quoted = 'invalid input syntax for type integer: "123.456"789-00"';
  assert.equal(
    describeFailure(serverError('22P02', quoted)).message,
    'invalid input syntax for type integer: "***"',
  );
  assert.doesNotMatch(describeFailure(serverError('P0001', 'cpf 1 of Ana')).message, /Ana|cpf/);
});

test("the error's detail, which contains values, is left out", () => {
  const error = serverError('23505', 'duplicate key', { detail: 'Key (cpf)=(123) exists.' });
  assert.doesNotMatch(JSON.stringify(describeFailure(error)), /123/);
});

test('the column of a violated constraint is read from its name', () => {
  const column = (constraint: string, table: string) =>
    describeFailure(serverError('23505', '', { constraint, table })).column;
  assert.equal(column('pacientes_cpf_key', 'pacientes'), 'cpf');
  assert.equal(column('consultas_medico_id_fkey', 'consultas'), 'medico_id');
  assert.equal(column('pacientes_pkey', 'pacientes'), null);
  assert.equal(column('something_else', 'pacientes'), null);
});

test('a violated primary key is reported with its columns', () => {
  const failed = (constraint: string, relation: string, key: readonly string[]) =>
    failedColumn(describeFailure(serverError('23505', '', { constraint, table: relation })), {
      relation,
      key,
    });
  assert.equal(failed('pacientes_pkey', 'pacientes', ['id']), 'id');
  assert.equal(failed('medidas_pkey', 'medidas', ['paciente_id', 'em']), 'paciente_id, em');
  assert.equal(failed('pacientes_cpf_key', 'pacientes', ['id']), 'cpf');
});

test('a failure survives a structured clone', () => {
  const failure = describeFailure(serverError('23505', 'm', { constraint: 'c', table: 't' }));
  assert.deepEqual(structuredClone(failure), failure);
});

test('an operator error with a cause is described by its cause', () => {
  const cause = systemError('ECONNREFUSED');
  const wrapped = failureError(describeFailure(cause), TARGET, cause);
  assert.deepEqual(describeFailure(wrapped), describeFailure(cause));
});

test('an operator error of its own is hopeless', () => {
  const error = new OperatorError(EXIT.state, (m) =>
    m.db.readOnly({ where: 'here', settings: ['PG_HOST'] }),
  );
  assert.equal(describeFailure(error).class, 'hopeless');
});

const EXIT_CODES: readonly (readonly [unknown, number, RegExp])[] = [
  [systemError('ECONNREFUSED'), EXIT.unreachable, /127\.0\.0\.1:5432.*PG_HOST/],
  [systemError('ENOTFOUND', 'getaddrinfo'), EXIT.unreachable, /127\.0\.0\.1/],
  [new Error('timeout expired'), EXIT.unreachable, /10 s/],
  [systemError('ECONNRESET', 'read'), EXIT.unreachable, /ECONNRESET/],
  [serverError('28P01'), EXIT.unreachable, /"postgres"/],
  [serverError('28000', 'no pg_hba.conf entry'), EXIT.unreachable, /no pg_hba.conf entry/],
  [serverError('53300', 'too many clients'), EXIT.unreachable, /too many clients/],
  [systemError('CERT_HAS_EXPIRED', ''), EXIT.unreachable, /TLS/],
  [serverError('3D000'), EXIT.state, /"hospital_oltp"/],
  [serverError('42501', 'permission denied'), EXIT.state, /permission denied/],
  [serverError('42P01', 'no relation'), EXIT.state, /init-db/],
  [serverError('25006'), EXIT.state, /PG_HOST/],
  [
    serverError('57014', 'canceling statement due to statement timeout'),
    EXIT.state,
    /^statement_timeout .*"postgres".*ALTER ROLE/,
  ],
  [
    serverError('57014', 'canceling statement due to user request'),
    EXIT.state,
    /user request.*(run the command again|rode o comando de novo)$/,
  ],
  [serverError('55P03'), EXIT.state, /^lock_timeout .*PG_\w*|^lock_timeout /],
  [serverError('25P03'), EXIT.state, /^idle_in_transaction_session_timeout /],
  [serverError('22P05', 'has no equivalent in encoding "LATIN2"'), EXIT.state, /LATIN2.*UTF8/],
  [serverError('23505', 'duplicate key'), EXIT.state, /duplicate key/],
  [new TypeError('oops'), EXIT.defect, /oops/],
];

for (const [error, code, words] of EXIT_CODES) {
  const failure = describeFailure(error);
  test(`${failure.sqlstate ?? failure.errno ?? failure.message} ends with code ${code}`, () => {
    const reported = failureError(failure, TARGET, error);
    assert.equal(reported.exitCode, code);
    for (const sentence of [reported.message, reported.sentence(ptBR)]) {
      assert.match(sentence, words);
      assert.doesNotMatch(sentence, /segredo|\n/);
    }
  });
}
