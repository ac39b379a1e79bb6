/** Bytes before the contents of a message of the server: its type and its length, which includes itself. */
export const HEAD_BYTES = 5;

const COPY_DATA = 0x64;

/**
 * Cuts the bytes of a connection between messages. Those of COPY go to `onCopyData`, as many together as there are, so
 * that a message costs no call and no object; all others one by one to `onOther`. The bytes stay as they are.
 */
export class MessageCutter {
  readonly #onCopyData: (messages: Buffer) => void;
  readonly #onOther: (message: Buffer) => void;
  /** The beginning of a message, and the bytes that have to arrive before it is looked at again. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #neededBytes = 0;

  constructor(onCopyData: (messages: Buffer) => void, onOther: (message: Buffer) => void) {
    this.#onCopyData = onCopyData;
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

  /** Hands on the whole messages; returns where they end. */
  #cut(bytes: Buffer): number {
    let begin = 0;
    let at = 0;
    while (at + HEAD_BYTES <= bytes.length) {
      const end = endOfMessage(bytes, at);
      if (end > bytes.length) break;
      if (bytes[at] !== COPY_DATA) {
        if (at > begin) this.#onCopyData(bytes.subarray(begin, at));
        this.#onOther(bytes.subarray(at, end));
        begin = end;
      }
      at = end;
    }
    if (at > begin) this.#onCopyData(bytes.subarray(begin, at));
    return at;
  }
}

/** Where the message ends that begins at `at`. Its head must be there. Always beyond the head. */
export function endOfMessage(bytes: Buffer, at: number): number {
  return at + Math.max(HEAD_BYTES, 1 + bytes.readUInt32BE(at + 1));
}
