/**
 * Bytes that the serializers of schema registries put before a value, by their first byte: 0 and an id of 4 bytes
 * (Confluent, Karapace, Apicurio) or of 8 (Apicurio before version 3); 1 and a GUID (Confluent); 3, the kind of
 * compression and a GUID (AWS Glue).
 */
const LENGTHS: readonly (readonly number[])[] = [[5, 9], [17], [], [18]];

const OPEN = 0x7b;
/** The first bytes that a head may have are below this. */
const KINDS = LENGTHS.length;

/** How many bytes before JSON, from `begin` to `end`, are such a head. 0: there is none, or no JSON after it. */
export function registryHead(bytes: Uint8Array, begin: number, end: number): number {
  const first = bytes[begin]!;
  if (first >= KINDS || begin >= end) return 0;
  return (
    LENGTHS[first]!.find((length) => begin + length < end && bytes[begin + length] === OPEN) ?? 0
  );
}

/** How many bytes at `begin` may be of such a head, so that a line feed in them ends no line. */
export function headSpan(bytes: Uint8Array, begin: number): number {
  const first = bytes[begin]!;
  return first >= KINDS ? 0 : (LENGTHS[first]![0] ?? 0);
}
