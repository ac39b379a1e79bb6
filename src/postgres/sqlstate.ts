/** Error codes of the server, by their condition names in PostgreSQL's documentation, appendix A. */
export const SQLSTATE = {
  NO_DATA: '02000',
  PROTOCOL_VIOLATION: '08P01',
  FEATURE_NOT_SUPPORTED: '0A000',
  STRING_DATA_RIGHT_TRUNCATION: '22001',
  NUMERIC_VALUE_OUT_OF_RANGE: '22003',
  NULL_VALUE_NOT_ALLOWED: '22004',
  INVALID_DATETIME_FORMAT: '22007',
  DATETIME_FIELD_OVERFLOW: '22008',
  DIVISION_BY_ZERO: '22012',
  CHARACTER_NOT_IN_REPERTOIRE: '22021',
  INVALID_PARAMETER_VALUE: '22023',
  INVALID_TEXT_REPRESENTATION: '22P02',
  UNTRANSLATABLE_CHARACTER: '22P05',
  RESTRICT_VIOLATION: '23001',
  NOT_NULL_VIOLATION: '23502',
  FOREIGN_KEY_VIOLATION: '23503',
  UNIQUE_VIOLATION: '23505',
  CHECK_VIOLATION: '23514',
  EXCLUSION_VIOLATION: '23P01',
  READ_ONLY_SQL_TRANSACTION: '25006',
  IDLE_IN_TRANSACTION_SESSION_TIMEOUT: '25P03',
  TRANSACTION_TIMEOUT: '25P04',
  INVALID_SQL_STATEMENT_NAME: '26000',
  INVALID_AUTHORIZATION_SPECIFICATION: '28000',
  INVALID_PASSWORD: '28P01',
  DEPENDENT_OBJECTS_STILL_EXIST: '2BP01',
  INVALID_CATALOG_NAME: '3D000',
  INVALID_SCHEMA_NAME: '3F000',
  SERIALIZATION_FAILURE: '40001',
  STATEMENT_COMPLETION_UNKNOWN: '40003',
  DEADLOCK_DETECTED: '40P01',
  INSUFFICIENT_PRIVILEGE: '42501',
  SYNTAX_ERROR: '42601',
  UNDEFINED_OBJECT: '42704',
  DUPLICATE_OBJECT: '42710',
  UNDEFINED_FUNCTION: '42883',
  UNDEFINED_TABLE: '42P01',
  DUPLICATE_DATABASE: '42P04',
  DISK_FULL: '53100',
  OUT_OF_MEMORY: '53200',
  TOO_MANY_CONNECTIONS: '53300',
  OBJECT_NOT_IN_PREREQUISITE_STATE: '55000',
  OBJECT_IN_USE: '55006',
  LOCK_NOT_AVAILABLE: '55P03',
  QUERY_CANCELED: '57014',
  ADMIN_SHUTDOWN: '57P01',
  CRASH_SHUTDOWN: '57P02',
  CANNOT_CONNECT_NOW: '57P03',
  DATABASE_DROPPED: '57P04',
  IDLE_SESSION_TIMEOUT: '57P05',
  IO_ERROR: '58030',
  RAISE_EXCEPTION: 'P0001',
  INTERNAL_ERROR: 'XX000',
} as const;

/** Classes of codes: the first two characters of each code in them, to be matched by prefix. */
export const SQLSTATE_CLASS = {
  CONNECTION_EXCEPTION: '08',
  DATA_EXCEPTION: '22',
  INTEGRITY_CONSTRAINT_VIOLATION: '23',
  TRIGGERED_DATA_CHANGE_VIOLATION: '27',
  INVALID_AUTHORIZATION_SPECIFICATION: '28',
  SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION: '42',
  WITH_CHECK_OPTION_VIOLATION: '44',
  INSUFFICIENT_RESOURCES: '53',
  SYSTEM_ERROR: '58',
  PLPGSQL_ERROR: 'P0',
  INTERNAL_ERROR: 'XX',
} as const;

/** The name of a code's condition, `unique_violation`; without one that of its class, or the code itself. */
export function conditionName(sqlstate: string): string {
  const nameIn = (codes: Readonly<Record<string, string>>, code: string) =>
    Object.keys(codes).find((name) => codes[name] === code);
  const name = nameIn(SQLSTATE, sqlstate) ?? nameIn(SQLSTATE_CLASS, sqlstate.slice(0, 2));
  return name?.toLowerCase() ?? sqlstate;
}

/** Whether an error is the server's, with one of these codes. */
export function hasSqlstate(error: unknown, ...codes: readonly string[]): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && codes.includes(code);
}
