/** Java's head before a stream of Snappy's blocks; other clients write one bare block. */
const STREAM_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** The magic, and two versions of 32 bits. */
const STREAM_HEAD = STREAM_MAGIC.length + 8;

/** Unpacks Snappy: a bare block, or blocks in the frame that Kafka's own clients use. Throws where it is broken. */
export function unpackSnappy(packed: Buffer): Buffer {
  if (!packed.subarray(0, STREAM_MAGIC.length).equals(STREAM_MAGIC)) return unpackBlock(packed);
  const blocks: Buffer[] = [];
  for (let at = STREAM_HEAD; at < packed.length; ) {
    const length = packed.readInt32BE(at);
    at += 4;
    blocks.push(unpackBlock(packed.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat(blocks);
}

/** https://github.com/google/snappy/blob/main/format_description.txt */
function unpackBlock(packed: Buffer): Buffer {
  let at = 0;
  const byte = (): number => {
    if (at >= packed.length) throw new RangeError('a block of Snappy ends too early');
    return packed[at++]!;
  };
  const little = (bytes: number): number => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += byte() * 2 ** (8 * i);
    return value;
  };
  let length = 0;
  for (let factor = 1; ; factor *= 0x80) {
    const part = byte();
    length += (part & 0x7f) * factor;
    if (part < 0x80) break;
  }
  const out = Buffer.alloc(length);
  let end = 0;
  while (at < packed.length) {
    const tag = byte();
    if ((tag & 3) === 0) {
      const short = tag >> 2;
      const size = (short < 60 ? short : little(short - 59)) + 1;
      if (at + size > packed.length || end + size > length) {
        throw new RangeError('a literal of Snappy is too long');
      }
      packed.copy(out, end, at, at + size);
      at += size;
      end += size;
    } else {
      const [size, distance] =
        (tag & 3) === 1
          ? [((tag >> 2) & 7) + 4, ((tag >> 5) << 8) + byte()]
          : [(tag >> 2) + 1, little((tag & 3) === 2 ? 2 : 4)];
      if (distance === 0 || distance > end || end + size > length) {
        throw new RangeError('a copy of Snappy reaches outside of its block');
      }
      end = repeat(out, end, distance, size);
    }
  }
  if (end !== length) throw new RangeError('a block of Snappy is shorter than it says');
  return out;
}

/**
 * Appends `size` bytes that stand `distance` before `end`, and returns the new end. The two may overlap: then a
 * pattern is repeated.
 */
export function repeat(out: Buffer, end: number, distance: number, size: number): number {
  if (distance >= size) out.copyWithin(end, end - distance, end - distance + size);
  else for (let i = 0; i < size; i++) out[end + i] = out[end + i - distance]!;
  return end + size;
}
