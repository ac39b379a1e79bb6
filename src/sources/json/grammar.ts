/** Bytes that are no JSON. `at`: of the byte, from the first one of what was to be read. */
export class JsonError extends Error {
  readonly what: string;

  constructor(what: string, at: number) {
    super(`no JSON: ${what} at byte ${at + 1}`);
    this.what = what;
    this.name = 'JsonError';
  }
}

/** The reason for refusing bytes after a value. */
export const MORE_VALUES = 'more than one value';
/** The reason for refusing bytes that end too early. */
export const CUT_OFF = 'an end too early';

/** What a value is. An integer has digits only; every other number is a `decimal`. */
export const KIND = {
  none: 0,
  null: 1,
  true: 2,
  false: 3,
  integer: 4,
  decimal: 5,
  /** Its bytes are its text, and it is ASCII. */
  string: 6,
  /** Its bytes are its text in UTF-8. */
  utf8: 7,
  /** Has escapes. */
  escaped: 8,
  object: 9,
  array: 10,
} as const;

/** For each byte behind a backslash, whether it may be there. */
export const ESCAPES = new Uint8Array(256);
for (const letter of '"\\/bfnrtu') ESCAPES[letter.charCodeAt(0)] = 1;
/** For each byte, whether it is a hexadecimal digit. */
export const HEX = new Uint8Array(256);
for (const letter of '0123456789abcdefABCDEF') HEX[letter.charCodeAt(0)] = 1;
