import { DebeziumDecoder } from './debezium/decoder.js';
import type { Decoder, DecoderOptions } from './decoder.js';
import type { Scope } from './scope.js';
import type { Sink } from './source.js';

type MakeDecoder = (sink: Sink, scope: Scope, options: DecoderOptions) => Decoder;

/** The formats of events by name. The next one is a folder beside `debezium/`, and a line here. */
export const FORMATS = {
  debezium: (sink, scope, options) => new DebeziumDecoder(sink, scope, options),
} satisfies Record<string, MakeDecoder>;

export type Format = keyof typeof FORMATS;
