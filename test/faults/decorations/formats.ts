import type { LineFormat } from '../../helpers/debezium-lines.js';
import type { Decoration } from './decoration.js';

const format = (name: string, how: Partial<LineFormat>): Decoration => ({
  name,
  family: 'format',
  format: how,
});

export const FORMATS: readonly Decoration[] = [
  format('with schemas', { shape: 'schema' }),
  format('key and value', { shape: 'keyed' }),
  format('CloudEvents', { shape: 'cloudevents' }),
  format('flattened', { shape: 'flat' }),
  format('milliseconds', { times: 'connect' }),
  format('times as text', { times: 'isostring' }),
  format("without the server's columns", { serverColumns: false }),
  format("milliseconds, without the server's columns", { times: 'connect', serverColumns: false }),
  format('without database, schema and connector', { place: false }),
];
