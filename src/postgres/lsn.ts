/** Two hexadecimal numbers of 32 bits each: `16/B374D848`. */
const LSN = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i;

const HALF_BITS = 32n;
const HALF = 0xffff_ffffn;
/** LSNs have 64 bits, unsigned. */
const END = 1n << 64n;

/** `16/B374D848` → 97500059720n; null when the text is not an LSN. */
export function parseLsn(text: string): bigint | null {
  const match = LSN.exec(text);
  if (match === null) return null;
  return (BigInt(`0x${match[1]}`) << HALF_BITS) | BigInt(`0x${match[2]}`);
}

/** 97500059720n → `16/B374D848`, as PostgreSQL writes it. Throws a RangeError outside of 64 bits. */
export function formatLsn(lsn: bigint): string {
  if (lsn < 0n || lsn >= END) throw new RangeError(`${lsn} is no LSN`);
  const half = (value: bigint) => value.toString(16).toUpperCase();
  return `${half(lsn >> HALF_BITS)}/${half(lsn & HALF)}`;
}

/** The bytes of an LSN, exact below 2^53 (8 PiB of WAL). Null: there is none, or the text is not an LSN. */
export function lsnBytes(text: string | null): number | null {
  const lsn = text === null ? null : parseLsn(text);
  return lsn === null ? null : Number(lsn);
}
