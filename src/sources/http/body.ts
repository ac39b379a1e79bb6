import type { IncomingMessage } from 'node:http';
import { MOST_BYTES } from '../intake.js';

/** The body of a request, or why it could not be read. */
export type Body = { readonly bytes: Buffer } | { readonly failed: 'aborted' | 'too_large' };

const LF = 0x0a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const BLANK = new Set([0x20, 0x09, 0x0d, LF]);

/** Reads a body to its end, but no more than MOST_BYTES. Never rejects. */
export function readBody(request: IncomingMessage): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > MOST_BYTES) {
    return Promise.resolve({ failed: 'too_large' });
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MOST_BYTES) chunks.push(chunk);
      else {
        request.pause();
        resolve({ failed: 'too_large' });
      }
    });
    request.on('end', () => {
      const [first] = chunks;
      resolve({
        bytes: chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks),
      });
    });
    // After `end` these change nothing.
    request.on('error', () => resolve({ failed: 'aborted' }));
    request.on('close', () => resolve({ failed: 'aborted' }));
  });
}

/**
 * Whether a body has one event a line: two objects with only a line's end between them, which a single JSON document
 * never has, indented or not.
 */
export function hasLines(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    let before = at - 1;
    while (before >= 0 && BLANK.has(bytes[before] as number)) before--;
    if (bytes[before] !== CLOSE) continue;
    let after = at + 1;
    while (after < bytes.length && BLANK.has(bytes[after] as number)) after++;
    if (bytes[after] === OPEN) return true;
  }
  return false;
}

/** Whether a body is white space. */
export function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => BLANK.has(byte));
}
