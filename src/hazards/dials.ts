import { guessNumber, guessShare, guessSpan } from '../lib/guesses.js';
import { parseSpan, printSpan } from '../lib/span.js';
import { DEFAULT_DIALS, PUBLICATION_EVERY } from './defaults.js';
import type { Every, HazardName, Hazards, Share, Spell } from './hazards.js';

/** The dial of a hazard. */
export type Dial<H extends HazardName = HazardName> = NonNullable<Hazards[H]>;

/** A form of the text of a dial. */
export type DialForm = 'share' | 'every' | 'rows' | 'spell' | 'publication';

/** Reads, prints and guesses dials of one form. */
export interface DialKind<D> {
  readonly form: DialForm;
  /** A dial to show where none can be guessed. */
  readonly example: string;
  /** Undefined when the text is not understood. */
  parse(text: string): D | undefined;
  /** The text that `parse` gives this dial for. */
  print(dial: D): string;
  /** Texts that may be meant by one that `parse` does not understand, which it may not understand either. */
  guesses(text: string): readonly string[];
}

/** One in a million batches: a run of a day that commits ten a second has one. */
const MIN_SHARE = 1e-6;
/** Rows of a huge transaction: servers and consumers keep it in memory or on disk until it ends. */
export const MAX_ROWS = 1_000_000;
/** Milliseconds. Node's timers overflow past 24.8 days and then fire at once. */
const MAX_SPAN_MS = 24 * 86_400_000;

const SHARE = /^(\d+(?:\.\d*)?|\.\d+)(%?)$/;
const ROWS = /^\d+$/;
/** `ROWS/EVERY`, `LENGTH/EVERY`, `NAME/EVERY`: a publication's name may have a slash of its own. */
const SLASHED = /^(.*)\/([^/]*)$/s;

function readShare(text: string): Share | undefined {
  const [, amount, percent] = SHARE.exec(text) ?? [];
  if (amount === undefined) return undefined;
  // Without the rounding error of the division.
  const share = percent === '%' ? Number((Number(amount) / 100).toPrecision(15)) : Number(amount);
  // A bare 1 is as likely meant as 1 % as it is as all batches.
  const isSure = percent === '%' || share < 1;
  return isSure && share >= MIN_SHARE && share <= 1 ? share : undefined;
}

function printShare(value: Share): string {
  return `${Number((100 * value).toPrecision(15))}%`;
}

/** Milliseconds, from 1; undefined when the text is no span of time. */
export function readSpan(text: string): number | undefined {
  const ms = Math.round(1000 * (parseSpan(text.trim()) ?? Number.NaN));
  return ms >= 1 && ms <= MAX_SPAN_MS ? ms : undefined;
}

const printMs = (ms: number): string => printSpan(ms / 1000);

/** Texts of a span that may be meant by a text, which is first itself. */
const spansLike = (text: string): readonly string[] => [
  text.trim(),
  ...guessSpan(text.replace(/^\s*(?:every|a cada|cada)\s+/i, '')),
];

function halves(text: string): readonly [left: string, right: string] | undefined {
  const [, left, right] = SLASHED.exec(text) ?? [];
  return left === undefined || right === undefined ? undefined : [left.trim(), right.trim()];
}

/** All pairs, the likeliest first. */
const pairs = (lefts: readonly string[], rights: readonly string[]): readonly string[] =>
  lefts.flatMap((left) => rights.map((right) => `${left}/${right}`));

const SHARES: DialKind<Share> = {
  form: 'share',
  example: '5%',
  parse: readShare,
  print: printShare,
  guesses(text) {
    const shares = guessShare(text).map(readShare);
    return shares.flatMap((found) => (found === undefined ? [] : [printShare(found)]));
  },
};

const EVERY: DialKind<Every> = {
  form: 'every',
  example: '30s',
  parse(text) {
    const everyMs = readSpan(text);
    return everyMs === undefined ? undefined : { everyMs };
  },
  print: ({ everyMs }) => printMs(everyMs),
  guesses: (text) => spansLike(text),
};

function defaultPair(hazard: 'huge' | 'long' | 'quiet'): readonly [left: string, right: string] {
  return halves(DEFAULT_DIALS[hazard])!;
}

/** A span with its unit. */
const isTime = (text: string): boolean =>
  /\p{L}$/u.test(text) && spansLike(text).some((span) => readSpan(span) !== undefined);

/** Numbers of rows that may be meant by a text, which is first itself. */
function rowsLike(text: string): readonly string[] {
  const numbers = [text, ...guessNumber(text)];
  return [
    ...numbers,
    ...numbers.filter((one) => Number(one) > MAX_ROWS).map(() => String(MAX_ROWS)),
  ];
}

const HUGE: DialKind<Dial<'huge'>> = {
  form: 'rows',
  example: DEFAULT_DIALS.huge,
  parse(text) {
    const [left = '', right = ''] = halves(text) ?? [];
    const rows = ROWS.test(left) ? Number(left) : Number.NaN;
    const everyMs = readSpan(right);
    if (everyMs === undefined || !(rows >= 1 && rows <= MAX_ROWS)) return undefined;
    return { rows, everyMs };
  },
  print: ({ rows, everyMs }) => `${rows}/${printMs(everyMs)}`,
  guesses(text) {
    const [usualRows, usualEvery] = defaultPair('huge');
    const [left, right = usualEvery] = halves(text) ?? [text.trim()];
    if (!isTime(left)) return pairs(rowsLike(left), spansLike(right));
    return pairs(right === usualEvery ? [usualRows] : rowsLike(right), spansLike(left));
  },
};

function spellOf(hazard: 'long' | 'quiet'): DialKind<Spell> {
  return {
    form: 'spell',
    example: DEFAULT_DIALS[hazard],
    parse(text) {
      const [left = '', right = ''] = halves(text) ?? [];
      const [lengthMs, everyMs] = [readSpan(left), readSpan(right)];
      // One connection: it cannot begin again before it ended.
      if (lengthMs === undefined || everyMs === undefined || lengthMs >= everyMs) return undefined;
      return { lengthMs, everyMs };
    },
    print: ({ lengthMs, everyMs }) => `${printMs(lengthMs)}/${printMs(everyMs)}`,
    guesses(text) {
      const [usualLength, usualEvery] = defaultPair(hazard);
      const whole = halves(text);
      if (whole === undefined) {
        const spans = spansLike(text);
        return [...pairs(spans, [usualEvery]), ...pairs([usualLength], spans)];
      }
      const [lefts, rights] = whole.map(spansLike) as [readonly string[], readonly string[]];
      return [...pairs(lefts, rights), ...pairs(rights, lefts)];
    },
  };
}

const PUBLICATION: DialKind<Dial<'publication'>> = {
  form: 'publication',
  example: `cdc/${PUBLICATION_EVERY}`,
  parse(text) {
    const [left = text.trim(), right = PUBLICATION_EVERY] = halves(text) ?? [];
    const everyMs = readSpan(right);
    // A time alone is one whose name was forgotten.
    if (everyMs === undefined || left === '' || readSpan(left) !== undefined) return undefined;
    return { name: left, everyMs };
  },
  print: ({ name, everyMs }) => `${name}/${printMs(everyMs)}`,
  guesses(text) {
    const [left, right] = halves(text) ?? [];
    if (left === undefined || right === undefined) return [];
    return pairs([left], spansLike(right));
  },
};

/** The kind of each hazard's dial. */
const DIALS: { readonly [H in HazardName]: DialKind<Dial<H>> } = {
  rollback: SHARES,
  savepoints: SHARES,
  'hot-keys': SHARES,
  'same-row': SHARES,
  'out-of-order': SHARES,
  copy: SHARES,
  'unchanged-toast': SHARES,
  'two-phase': SHARES,
  message: SHARES,
  'key-change': EVERY,
  huge: HUGE,
  long: spellOf('long'),
  truncate: EVERY,
  quiet: spellOf('quiet'),
  ddl: EVERY,
  publication: PUBLICATION,
};

/** The kind of a hazard's dial, for any hazard: the dials that it prints must be its own. */
export function kindOf(name: HazardName): DialKind<Dial> {
  return DIALS[name] as unknown as DialKind<Dial>;
}

/** The dial of a hazard that is named without one; undefined: it needs one. */
export function defaultDial(name: HazardName): Dial | undefined {
  return name === 'publication' ? undefined : kindOf(name).parse(DEFAULT_DIALS[name]);
}
