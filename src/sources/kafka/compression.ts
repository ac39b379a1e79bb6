/** The head of Java's frame around Snappy's blocks; other clients write one bare block. */
const STREAM_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** The magic, and two versions of 32 bits. */
const STREAM_HEAD = STREAM_MAGIC.length + 8;

/** Unpacks Snappy: a bare block, or blocks in the frame of Kafka's own clients. Throws where it is broken. */
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

/** Appends `size` bytes from `distance` before `end`, and returns the new end. An overlap repeats a pattern. */
function repeat(out: Buffer, end: number, distance: number, size: number): number {
  if (distance >= size) out.copyWithin(end, end - distance, end - distance + size);
  else for (let i = 0; i < size; i++) out[end + i] = out[end + i - distance]!;
  return end + size;
}

const MAGIC = 0x184d2204;
/** Flags of a frame. */
const BLOCK_CHECKSUM = 1 << 4;
const CONTENT_SIZE = 1 << 3;
const DICTIONARY = 1 << 0;
/** The flag in a block's length for one that is not packed. */
const STORED = 0x80000000;
const MIN_MATCH = 4;
/** A length of 15 goes on in the next bytes. */
const MORE = 15;

/**
 * Unpacks frames of LZ4 without checking their checksums: Kafka has its own, and old clients compute the frame's
 * wrongly. https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md. Throws where it is broken.
 */
export function unpackLz4(packed: Buffer): Buffer {
  let out = Buffer.allocUnsafe(Math.max(1024, 4 * packed.length));
  let end = 0;
  const room = (size: number): void => {
    if (end + size <= out.length) return;
    const larger = Buffer.allocUnsafe(Math.max(end + size, 2 * out.length));
    out.copy(larger, 0, 0, end);
    out = larger;
  };
  const block = (from: number, to: number): void => {
    let at = from;
    const length = (short: number): number => {
      let size = short;
      if (short === MORE) {
        let more: number;
        do {
          if (at >= to) throw new RangeError('a block of LZ4 ends too early');
          more = packed[at++]!;
          size += more;
        } while (more === 255);
      }
      return size;
    };
    while (at < to) {
      const token = packed[at++]!;
      const literals = length(token >> 4);
      if (at + literals > to) throw new RangeError('literals of LZ4 are too long');
      room(literals);
      packed.copy(out, end, at, at + literals);
      at += literals;
      end += literals;
      // The last sequence of a block has literals only.
      if (at === to) return;
      const distance = packed.readUInt16LE(at);
      at += 2;
      const size = length(token & 15) + MIN_MATCH;
      if (distance === 0 || distance > end) throw new RangeError('a match of LZ4 is out of reach');
      room(size);
      end = repeat(out, end, distance, size);
    }
  };
  for (let at = 0; at < packed.length; ) {
    if (packed.readUInt32LE(at) !== MAGIC) throw new RangeError('not a frame of LZ4');
    const flags = packed.readUInt8(at + 4);
    if ((flags & DICTIONARY) !== 0) throw new RangeError('a frame of LZ4 needs a dictionary');
    // Magic, flags, block size, perhaps the content's size, and the head's checksum.
    at += 4 + 2 + ((flags & CONTENT_SIZE) === 0 ? 0 : 8) + 1;
    for (;;) {
      const head = packed.readUInt32LE(at);
      at += 4;
      if (head === 0) break;
      const size = head & ~STORED;
      if (at + size > packed.length) throw new RangeError('a frame of LZ4 is cut off');
      if (head >= STORED) {
        room(size);
        end += packed.copy(out, end, at, at + size);
      } else block(at, at + size);
      at += size + ((flags & BLOCK_CHECKSUM) === 0 ? 0 : 4);
    }
    if ((flags & (1 << 2)) !== 0) at += 4; // the content's checksum
  }
  return out.subarray(0, end);
}
