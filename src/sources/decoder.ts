import type { Sentence } from '../errors.js';

/**
 * A format of events. It decodes one value after the other into calls of a sink. Transports (lines, bodies of
 * requests, records of Kafka) hand it bytes and know no format; a format does not know its transport.
 */
export interface Decoder {
  /**
   * Decodes the value from `begin` to `end` and gives its event to the sink: `row`, `changeWithoutKey`, `truncate` or
   * `ignored`; white space gives nothing. No bytes make it throw. Bytes of earlier calls must
   * be as they were, or `forget` called.
   *
   * @param bytes UTF-8, but for a schema registry's head; `bytes[end]` is a control character, where every scan stops
   * @param key of the message, where the transport has one apart from the value
   * @param partition as of `RowEvent`, and so are `position` and `receivedAt`
   * @returns why the value is not an event: the sink then got nothing. Null: it was decoded
   */
  decode(
    bytes: Buffer,
    begin: number,
    end: number,
    key: Uint8Array | null,
    partition: number,
    position: number,
    receivedAt: number,
  ): Refusal | null;
  /** The bytes of earlier calls were overwritten. Not called where those of the next call are another Buffer. */
  forget(): void;
}

/** Why a value is not an event. */
export interface Refusal {
  /** As of `Malformed`. */
  readonly reason: Sentence;
  /** The bytes end too early: more of them might make an event. */
  readonly isCutOff: boolean;
}

export interface DecoderOptions {
  /** Values that stand for an unchanged TOAST value (`unavailable.value.placeholder`), besides Debezium's default. */
  readonly toastPlaceholders?: readonly string[];
}

/** Thrown within a decoder for a value that is not an event. */
export class EventError extends Error {
  /** As of `Malformed`. */
  readonly reason: Sentence;

  constructor(reason: Sentence) {
    super('not an event');
    this.name = 'EventError';
    this.reason = reason;
  }
}
