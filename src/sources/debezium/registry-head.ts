/**
 * Bytes that the serializers of schema registries put before a value, by their first byte: 0 and an id of 4 bytes
 * (Confluent, Karapace, Apicurio) or of 8 (Apicurio before version 3); 1 and a GUID (Confluent); 3, the kind of
 * compression and a GUID (AWS Glue). A console that prints text puts three bytes in the place of one that is none.
 */
const HEADS: readonly { readonly shortest: number; readonly longest: number }[] = [
  { shortest: 5, longest: 13 },
  { shortest: 17, longest: 49 },
  { shortest: 0, longest: 0 },
  { shortest: 18, longest: 50 },
];

const OPEN = 0x7b;

/** How many bytes before JSON, from `begin` to `end`, are such a head. 0: there is none, or no JSON after it. */
export function registryHead(bytes: Uint8Array, begin: number, end: number): number {
  const shortest = headSpan(bytes, begin);
  if (shortest === 0) return 0;
  const last = Math.min(end - 1, begin + HEADS[bytes[begin]!]!.longest);
  for (let at = begin + shortest; at <= last; at++) {
    if (bytes[at] === OPEN) return isHole(bytes, begin, at) ? 0 : at - begin;
  }
  return 0;
}

/** Only zeros? Ids begin with 1, and files have holes. */
function isHole(bytes: Uint8Array, begin: number, end: number): boolean {
  return bytes.subarray(begin, end).every((byte) => byte === 0);
}

/** How many bytes at `begin` may be of such a head, so that a line feed in them ends no line. */
export function headSpan(bytes: Uint8Array, begin: number): number {
  return HEADS[bytes[begin]!]?.shortest ?? 0;
}
