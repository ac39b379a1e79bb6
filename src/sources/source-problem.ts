import { isIP } from 'node:net';
import { findNearest } from '../lib/nearest.js';
import { parseSource, SOURCE_FORMS } from './source-spec.js';

/** A part of a source's name. */
export type SourcePart = 'slot' | 'file' | 'address' | 'port' | 'broker' | 'prefix';

/** The reason why a text does not name a source. */
export type SourceProblem =
  /** A user or a password, which process lists and logs would show; no text of it may be shown. */
  | { readonly problem: 'credentials'; readonly isKafka: boolean }
  | {
      readonly problem: 'lacks';
      readonly parts: readonly SourcePart[];
      /** The whole form, with the parts that were typed; words in capitals stand for the others. */
      readonly form: string;
    }
  | { readonly problem: 'slot-name' | 'host-name' | 'no-tls' | 'broker'; readonly form: string }
  | { readonly problem: 'port'; readonly port: string; readonly form: string }
  | { readonly problem: 'http'; readonly form: string }
  | {
      readonly problem: 'scheme';
      /** A source that the operator may have meant. */
      readonly meant: string | undefined;
      readonly forms: readonly string[];
    };

const SCHEMES = ['slot', 'ndjson', 'http', 'https', 'kafka'] as const;
/** Kafka's usual port. */
const KAFKA_PORT = 9092;
const LISTENER = 'http://127.0.0.1:8080';
const MAX_PORT = 65_535;

/** Finds out why `parseSource` does not understand a text. */
export function findSourceProblem(given: string): SourceProblem {
  const text = given.trim();
  const [, word = '', rest = ''] = /^([a-z]+):(.*)$/is.exec(text) ?? [];
  const scheme = SCHEMES.find((known) => known === word.toLowerCase());
  const isNetwork = scheme !== 'slot' && scheme !== 'ndjson';
  if (isNetwork && text.includes('@'))
    return { problem: 'credentials', isKafka: scheme === 'kafka' };
  switch (scheme) {
    case 'slot':
      return slotProblem(rest);
    case 'ndjson':
      return { problem: 'lacks', parts: ['file'], form: 'ndjson:FILE' };
    case 'http':
    case 'https':
      return httpProblem(rest, scheme === 'https');
    case 'kafka':
      return kafkaProblem(rest);
    case undefined:
      return { problem: 'scheme', meant: guess(text, word, rest), forms: SOURCE_FORMS };
  }
}

function slotProblem(rest: string): SourceProblem {
  const form = `slot:${rest
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '_')
    .slice(0, 63)}`;
  return rest === ''
    ? { problem: 'lacks', parts: ['slot'], form: 'slot:NAME' }
    : { problem: 'slot-name', form };
}

function httpProblem(rest: string, isTls: boolean): SourceProblem {
  const [, host = '', port = '', path = ''] =
    /^\/*(\[[^\]]*\]|[^:/?#]*)(?::([^/?#]*))?([^?#]*)/.exec(rest) ?? [];
  if (host === '' && port === '') {
    return { problem: 'lacks', parts: ['address', 'port'], form: LISTENER };
  }
  const isAddress = host === 'localhost' || isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0;
  const isPort = /^\d+$/.test(port) && Number(port) > 0 && Number(port) <= MAX_PORT;
  const form = `http://${isAddress ? host : '127.0.0.1'}:${isPort ? port : 8080}${path}`;
  if (host === '') return { problem: 'lacks', parts: ['address'], form };
  if (!isAddress) return { problem: 'host-name', form };
  if (port === '') return { problem: 'lacks', parts: ['port'], form };
  if (!isPort) return { problem: 'port', port, form };
  return { problem: isTls ? 'no-tls' : 'http', form };
}

function kafkaProblem(rest: string): SourceProblem {
  const [, list = '', prefix = ''] = /^\/*([^/]*)\/?(.*)$/s.exec(rest) ?? [];
  const brokers = list.split(',').map((broker) => broker.trim());
  const parts: SourcePart[] = [];
  if (brokers.every((broker) => broker === '')) parts.push('broker');
  else if (brokers.some((broker) => !/:\d*$/.test(broker))) parts.push('port');
  if (prefix.trim() === '') parts.push('prefix');
  const whole = brokers.map((broker) => {
    const [, host = '', port = ''] = /^(.*?)(?::(\d*))?$/.exec(broker) ?? [];
    return `${host || 'BROKER'}:${port || KAFKA_PORT}`;
  });
  const form = `kafka:${whole.join(',')}/${prefix.trim() || 'PREFIX'}`;
  return parts.length > 0 ? { problem: 'lacks', parts, form } : { problem: 'broker', form };
}

/** A source that a text nearly names: a misspelt scheme, or a file without one. */
function guess(text: string, word: string, rest: string): string | undefined {
  const isFile = /^[.~/]|\.(nd)?jsonl?(\.gz)?$/i.test(text) && word === '';
  const nearest = word === '' ? undefined : findNearest(word, SCHEMES);
  const candidates = [
    ...(nearest === undefined ? [] : [`${nearest}:${rest}`]),
    ...(word.toLowerCase() === 'file' ? [`ndjson:${rest.replace(/^\/\/(?=\/)/, '')}`] : []),
    ...(isFile ? [`ndjson:${text}`] : []),
  ];
  return candidates.find((candidate) => parseSource(candidate) !== undefined);
}
