import { OMISSIONS } from '../ledger/publishing.js';
import { DOUBTS, VERDICT_CODES } from './accounting.js';
import type { Note, VerificationDocument } from './document.js';
import { DETAILS, VIOLATIONS } from './findings.js';

type Check = (value: unknown) => boolean;

/** Parses `verify.json`; null: it is cut off, or of another version. */
export function parseDocument(text: string): VerificationDocument | null {
  const value = parseJson(text);
  return isDocument(value) ? (value as VerificationDocument) : null;
}

/** Parses JSON; undefined: invalid. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const isNumber: Check = (value) => Number.isFinite(value);
const isText: Check = (value) => typeof value === 'string';
const isBoolean: Check = (value) => typeof value === 'boolean';
const isMoment: Check = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const isKey: Check = (value) => isNumber(value) || isText(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const orMissing =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const oneOf =
  (names: readonly unknown[]): Check =>
  (value) =>
    names.includes(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

/** Checks for an object with at least these fields. */
export function shape(fields: Readonly<Record<string, Check>>): Check {
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(([name, check]) =>
      check((value as Readonly<Record<string, unknown>>)[name]),
    );
}

function numbers(...names: readonly string[]): Check {
  return shape(Object.fromEntries(names.map((name) => [name, isNumber])));
}

const hasOnly =
  (names: readonly string[]): Check =>
  (value) =>
    Object.keys(value as object).every((name) => names.includes(name));

const isGroupOfNumbers: Check = (value) =>
  typeof value === 'object' && value !== null && Object.values(value).every(isNumber);

const isPercentiles = shape({
  events: isNumber,
  p50: orNull(isNumber),
  p90: orNull(isNumber),
  p99: orNull(isNumber),
  max: orNull(isNumber),
});

const isExample = shape({
  violation: oneOf(VIOLATIONS),
  detail: oneOf(DETAILS),
  table: orNull(isText),
  operation: orNull(isText),
  key: orNull(isKey),
  xid: orNull(isNumber),
  lsn: orNull(isText),
  place: orNull(isNumber),
  ledger: orNull(shape({ file: isText, intent: isNumber })),
  renamed: orMissing(isText),
  column: orMissing(isText),
});

const isCause = shape({
  violation: oneOf(VIOLATIONS),
  detail: oneOf(DETAILS),
  table: orNull(isText),
  operation: orNull(isText),
  events: isNumber,
  omitted: orNull(shape({ kind: oneOf(OMISSIONS), publications: listOf(isText) })),
});

const NOTES: Readonly<Record<Note['kind'], Check>> = {
  source_began: shape({ transactions: isNumber, of: isNumber, waived: isBoolean }),
  untold: shape({ what: listOf(isText) }),
  elsewhere: shape({ what: isText, events: isNumber }),
  several_connectors: shape({ judged: isText, events: isNumber }),
  server_acts: shape({ names: listOf(isText) }),
  replica_identity: shape({
    tables: listOf(shape({ table: isText, index: orNull(isText), kind: isText })),
  }),
  truncates_not_carried: shape({ events: isNumber, tables: listOf(isText) }),
  messages_not_carried: numbers('messages'),
  unpublished_arrived: numbers('events'),
  unfollowed: shape({ tables: listOf(isText) }),
  columns: shape({ tables: listOf(shape({ table: isText, publications: listOf(isText) })) }),
};

const isNote: Check = (value) => {
  const kind = (value as Note | null)?.kind;
  return kind !== undefined && Object.hasOwn(NOTES, kind) && NOTES[kind](value);
};

const both =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.every((check) => check(value));

const isDocument = shape({
  run_id: isText,
  source: isText,
  verdict: oneOf(Object.keys(VERDICT_CODES)),
  accounting: numbers('committed', 'delivered', 'excused', 'missing', 'doubted', 'waived'),
  doubts: both(isGroupOfNumbers, hasOnly(DOUBTS)),
  notes: listOf(isNote),
  projections: orMissing(isGroupOfNumbers),
  hazards: orMissing(isGroupOfNumbers),
  truncates: orMissing(numbers('committed', 'delivered')),
  messages: orMissing(
    both(numbers('sent', 'delivered', 'missing', 'unjudged'), shape({ carried: isBoolean })),
  ),
  transactions: numbers(
    'expected',
    'delivered',
    'missing',
    'not_arrived',
    'before_source',
    'before_snapshot',
    'unknown_delivered',
    'unknown_absent',
  ),
  events: both(
    numbers(
      'delivered',
      'replayed',
      'rewinds',
      'derived',
      'foreign',
      'snapshot',
      'unjudged',
      'malformed',
    ),
    shape({ others: isGroupOfNumbers }),
  ),
  violations: both(numbers(...VIOLATIONS), hasOnly(VIOLATIONS)),
  causes: listOf(isCause),
  examples: listOf(isExample),
  rows: shape({
    followed: isNumber,
    sample: isNumber,
    compared: orNull(isNumber),
    superseded: orNull(isNumber),
  }),
  latency_ms: shape({
    commit_to_connector: isPercentiles,
    connector_to_received: isPercentiles,
    commit_to_received: isPercentiles,
  }),
  clock_offset_ms: orNull(numbers('value', 'error')),
  began: isMoment,
  seconds: isNumber,
});
