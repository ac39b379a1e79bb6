import { OperatorError } from '../errors.js';
import type { Format } from './formats.js';
import { type HttpAddress, parseHttpAddress, urlOf } from './http/address.js';

/** A CDC output, as the operator names it. */
export type SourceSpec =
  | { readonly kind: 'slot'; readonly slot: string }
  /** `-`: standard input. */
  | { readonly kind: 'ndjson'; readonly format: Format; readonly file: string }
  | ({ readonly kind: 'http'; readonly format: Format } & HttpAddress)
  | {
      readonly kind: 'kafka';
      readonly format: Format;
      readonly brokers: readonly string[];
      readonly prefix: string;
    };

/** Stands for standard input in place of a path. */
export const STANDARD_INPUT = '-';

/** The forms of a name, for help and messages. */
export const SOURCE_FORMS = [
  'slot:NAME',
  'ndjson:FILE',
  'ndjson:-',
  'http://127.0.0.1:PORT',
  'kafka:BROKER:PORT/PREFIX',
] as const;

/** The format of every source but a slot. */
const FORMAT: Format = 'debezium';

/** PostgreSQL's rule for names of replication slots. */
const SLOT_NAME = /^[a-z0-9_]{1,63}$/;
const KAFKA = /^([^/\s]+)\/(\S+)$/;
/** HOST:PORT; an IPv6 address is in brackets. */
const BROKER = /^([^:,@\s[\]]+|\[[\da-fA-F:.]+\]):\d{1,5}$/;

/** Parses the name of a source; undefined where it is not one. */
export function parseSource(given: string): SourceSpec | undefined {
  if (given === STANDARD_INPUT) return { kind: 'ndjson', format: FORMAT, file: STANDARD_INPUT };
  if (/^http:\/\//i.test(given)) return parseHttp(given);
  const at = given.indexOf(':');
  const rest = given.slice(at + 1);
  if (at === -1 || rest === '') return undefined;
  switch (given.slice(0, at).toLowerCase()) {
    case 'slot':
      return SLOT_NAME.test(rest) ? { kind: 'slot', slot: rest } : undefined;
    case 'ndjson':
      return { kind: 'ndjson', format: FORMAT, file: rest };
    case 'kafka':
      return parseKafka(rest);
    default:
      return undefined;
  }
}

/** The name of a source, as `parseSource` reads it. */
export function sourceName(spec: SourceSpec): string {
  switch (spec.kind) {
    case 'slot':
      return `slot:${spec.slot}`;
    case 'ndjson':
      return `ndjson:${spec.file}`;
    case 'http':
      return urlOf(spec);
    case 'kafka':
      return `kafka:${spec.brokers.join(',')}/${spec.prefix}`;
  }
}

function parseHttp(given: string): SourceSpec | undefined {
  try {
    return { kind: 'http', format: FORMAT, ...parseHttpAddress(given) };
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

function parseKafka(rest: string): SourceSpec | undefined {
  const [, list = '', prefix = ''] = KAFKA.exec(rest) ?? [];
  const brokers = list.split(',');
  return prefix !== '' && brokers.every((broker) => BROKER.test(broker))
    ? { kind: 'kafka', format: FORMAT, brokers, prefix }
    : undefined;
}
