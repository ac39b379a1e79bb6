/** Two hexadecimal numbers of 32 bits each, as the server writes them: `16/B374D848`. */
const LSN = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i;

const HALF_BITS = 32n;
const HALF = 0xffff_ffffn;
/** Positions are unsigned numbers of 64 bits. */
const END = 1n << 64n;

/** `16/B374D848` → 97500059720n; null when the text is no LSN. */
export function parseLsn(text: string): bigint | null {
  const match = LSN.exec(text);
  if (match === null) return null;
  return (BigInt(`0x${match[1]}`) << HALF_BITS) | BigInt(`0x${match[2]}`);
}

/** 97500059720n → `16/B374D848`, as PostgreSQL writes it. Throws a RangeError on what is no LSN. */
export function formatLsn(lsn: bigint): string {
  if (lsn < 0n || lsn >= END) throw new RangeError(`${lsn} is no LSN`);
  const half = (value: bigint) => value.toString(16).toUpperCase();
  return `${half(lsn >> HALF_BITS)}/${half(lsn & HALF)}`;
}
