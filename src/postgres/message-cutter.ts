import type { Connection } from 'pg';

/** Bytes before the contents of a message of the server: its type and its length, which includes itself. */
export const HEAD_BYTES = 5;

/** Types of messages, as the documentation of the protocol names them. */
export const COPY_DATA = 0x64;
export const DATA_ROW = 0x44;
export const COMMAND_COMPLETE = 0x43;
export const PARSE_COMPLETE = 0x31;
export const BIND_COMPLETE = 0x32;
export const CLOSE_COMPLETE = 0x33;

/** A type is one byte. */
const TYPES = 256;

/**
 * Cuts the bytes of a connection between messages. Messages of some types go to `onData` in the buffer that they arrived
 * in, many at once: each costs no call and no object. All others go to `onOther`, one by one.
 */
export class MessageCutter {
  /** 1 at the types of these messages. */
  readonly #isData = new Uint8Array(TYPES);
  readonly #onData: (messages: Buffer) => void;
  readonly #onOther: (message: Buffer) => void;
  /** The beginning of a message, and the bytes that have to arrive before it is looked at again. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #neededBytes = 0;

  constructor(
    types: readonly number[],
    onData: (messages: Buffer) => void,
    onOther: (message: Buffer) => void,
  ) {
    for (const type of types) this.#isData[type] = 1;
    this.#onData = onData;
    this.#onOther = onOther;
  }

  take(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#partBytes > 0) {
      this.#parts.push(chunk);
      this.#partBytes += chunk.length;
      if (this.#partBytes < this.#neededBytes) return;
      bytes = Buffer.concat(this.#parts, this.#partBytes);
    }
    const rest = bytes.subarray(this.#cut(bytes));
    this.#parts = [rest];
    this.#partBytes = rest.length;
    this.#neededBytes = rest.length < HEAD_BYTES ? HEAD_BYTES : endOfMessage(rest, 0);
  }

  /** The beginning of a message that has not arrived as a whole. */
  get rest(): Buffer {
    return Buffer.concat(this.#parts, this.#partBytes);
  }

  /** Hands on the whole messages; returns where they end. */
  #cut(bytes: Buffer): number {
    let begin = 0;
    let at = 0;
    while (at + HEAD_BYTES <= bytes.length) {
      const end = endOfMessage(bytes, at);
      if (end > bytes.length) break;
      if (this.#isData[bytes[at]!] === 0) {
        if (at > begin) this.#onData(bytes.subarray(begin, at));
        this.#onOther(bytes.subarray(at, end));
        begin = end;
      }
      at = end;
    }
    if (at > begin) this.#onData(bytes.subarray(begin, at));
    return at;
  }
}

/** Where the message ends that begins at `at`. Its head must be there. Always beyond the head. */
export function endOfMessage(bytes: Buffer, at: number): number {
  return at + Math.max(HEAD_BYTES, 1 + bytes.readUInt32BE(at + 1));
}

/**
 * Reads a connection in the place of `pg`, which would make several objects of each message, and gives `pg` all messages
 * but those of these types. `onData` may leave a run of them to `pg`, too, by returning false. Returns a function that lets
 * `pg` read again.
 */
export function readInPlaceOfPg(
  { stream }: Connection,
  types: readonly number[],
  onData: (messages: Buffer) => boolean,
): () => void {
  const [parse] = stream.listeners('data') as ((bytes: Buffer) => void)[];
  if (parse === undefined) throw new Error('the connection does not read');
  const offer = (messages: Buffer) => {
    if (!onData(messages)) parse(messages);
  };
  const cutter = new MessageCutter(types, offer, parse);
  const take = (chunk: Buffer) => cutter.take(chunk);
  stream.removeListener('data', parse);
  stream.on('data', take);
  return () => {
    stream.removeListener('data', take);
    stream.on('data', parse);
    if (cutter.rest.length > 0) parse(cutter.rest);
  };
}
