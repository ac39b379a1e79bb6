/**
 * All that XML 1.0 has no way to write, not even as a reference: most control characters, halves of
 * surrogate pairs, and the two code points that are no characters.
 */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** Line ends and tabs too: a reader turns those of an attribute into blanks. */
const SPECIAL = /[&<>"'\t\n\r]/g;

/** Text as it may stand in an attribute or between tags; what XML can't hold becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(FORBIDDEN, '\u{FFFD}')
    .replace(SPECIAL, (character) => `&#${character.charCodeAt(0)};`);
}
