import type { Failure } from '../../src/postgres/failures.js';

/** A critical failure with an SQLSTATE, or with a code of the operating system (`ECONNREFUSED`). */
export function failure(code: string, message = 'as the server says'): Failure {
  const isSystem = code.startsWith('E');
  return {
    class: 'critical',
    sqlstate: isSystem ? null : code,
    errno: isSystem ? code : null,
    message,
    constraint: null,
    table: null,
    column: null,
  };
}
