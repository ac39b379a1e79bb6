import { printSpan } from './span.js';

/*
 * Guesses at what an operator meant by a text that the program does not accept. Each function returns texts in the
 * accepted form, the likeliest first; the caller proposes the first one that its own parser accepts.
 */

/** Spellings of each unit of time, in lower case, and its seconds. */
const TIMES: readonly (readonly [unit: string, seconds: number, spellings: readonly string[]])[] = [
  ['us', 1e-6, ['us', 'µs', 'μs', 'usec', 'usecs', 'microseconds', 'microssegundos']],
  ['ms', 1e-3, ['ms', 'msec', 'msecs', 'millis', 'milliseconds', 'milissegundos']],
  ['s', 1, ['s', 'sec', 'secs', 'second', 'seconds', 'seg', 'segundo', 'segundos']],
  ['m', 60, ['m', 'min', 'mins', 'minute', 'minutes', 'minuto', 'minutos']],
  ['h', 3600, ['h', 'hr', 'hrs', 'hour', 'hours', 'hora', 'horas']],
  ['d', 86_400, ['d', 'day', 'days', 'dia', 'dias']],
];

/** Spellings of each unit of size, in lower case. */
const SIZES: readonly (readonly [unit: string, spellings: readonly string[]])[] = [
  ['B', ['b', 'byte', 'bytes']],
  ['kB', ['k', 'kb', 'kib']],
  ['MB', ['m', 'mb', 'mib']],
  ['GB', ['g', 'gb', 'gib']],
  ['TB', ['t', 'tb', 'tib']],
];

const THOUSANDS = new Map([
  ['k', 1e3],
  ['K', 1e3],
  ['M', 1e6],
]);

/** `1.000`, `1,000,000`, `1 000`, `1_000`: digits in groups of three. */
const GROUPED = /^[+-]?\d{1,3}(?:[.,' _]\d{3})+$/;
const DECIMAL_COMMA = /^[+-]?\d*,\d+$/;
/** Words after a number that add nothing to it: `500/s`, `5 workers`, `30s` where seconds are counted. */
const IDLE_WORD =
  /\s*(\/\s*s|s|secs?|seconds|segundos|x|eps|tps|(events|eventos|rows|workers)(\s*\/\s*s)?)$/i;
const SCALED = /^(\d+(?:[.,]\d+)?)\s*([kKM])$/;

/** Plain decimal numbers, for `1e9`, `1,5`, `10_000`, `5k` or `500/s`. */
export function guessNumber(text: string): string[] {
  const bare = text.trim().replace(IDLE_WORD, '').trim();
  if (bare === '') return [];
  const grouped = GROUPED.test(bare) ? [bare.replaceAll(/[.,' _]/g, '')] : [];
  const decimal = DECIMAL_COMMA.test(bare) ? [bare.replace(',', '.')] : [];
  const [, amount = '', suffix = ''] = SCALED.exec(bare) ?? [];
  const scale = THOUSANDS.get(suffix);
  const scaled = scale === undefined ? [] : [plain(Number(amount.replace(',', '.')) * scale)];
  const number = Number(bare);
  const written = Number.isFinite(number) ? [plain(number), bare] : [];
  return [...grouped, ...decimal, ...scaled, ...written];
}

const PERCENT = /\s*(%|percent|pct|por cento)$/i;

/** Shares from 0 to 1, for `15%` or `15`. */
export function guessShare(text: string): string[] {
  const bare = text.trim().replace(PERCENT, '');
  const numbers = guessNumber(bare);
  const hundredths = numbers.map((number) => plain(Number(number) / 100));
  return PERCENT.test(text.trim()) ? hundredths : [...numbers, ...hundredths];
}

const CLOCK = /^(\d+):([0-5]\d):([0-5]\d)$/;
const COMPONENT = /(\d+(?:[.,]\d+)?)\s*([a-zµμ]+)/giu;
const COMPONENTS = /^(?:\d+(?:[.,]\d+)?\s*[a-zµμ]+[\s,]*)+$/iu;

/** Spans of time, for `5min`, `1h30m`, `2 days`, `1,5s` or `00:05:00`. */
export function guessSpan(text: string): string[] {
  const given = text.trim();
  const [, hours, minutes, seconds] = CLOCK.exec(given) ?? [];
  if (hours !== undefined) {
    return [printSpan(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds))];
  }
  if (DECIMAL_COMMA.test(given)) return [`${given.replace(',', '.')}s`];
  if (!COMPONENTS.test(given)) return [];
  const parts = [...given.matchAll(COMPONENT)].map(([, amount = '', word = '']) => {
    const [unit = '', factor = Number.NaN] = timeUnit(word) ?? [];
    return {
      number: amount.replace(',', '.'),
      unit,
      seconds: Number(amount.replace(',', '.')) * factor,
    };
  });
  const sum = parts.reduce((total, part) => total + part.seconds, 0);
  if (!Number.isFinite(sum)) return [];
  const [first] = parts;
  const asGiven = parts.length === 1 && first !== undefined ? [`${first.number}${first.unit}`] : [];
  return [...asGiven, printSpan(sum)];
}

const AMOUNT = /^([+-]?\d+(?:[.,]\d+)?)\s*([^\d\s.,]*)$/u;

/** Sizes with a unit, for `128`, `128mb`, `1 GiB` or `0,5G`; megabytes where there is none. */
export function guessSize(text: string): string[] {
  const [, amount = '', word = ''] = AMOUNT.exec(text.trim()) ?? [];
  if (amount === '') return [];
  const units = word === '' ? ['MB', 'B'] : [sizeUnit(word)];
  return units.flatMap((unit) =>
    unit === undefined ? [] : [`${amount.replace(',', '.')}${unit}`],
  );
}

/** The unit of time that a word spells, and its seconds; undefined: it spells none. */
export function timeUnit(word: string): readonly [unit: string, seconds: number] | undefined {
  const found = TIMES.find(([, , spellings]) => spellings.includes(word.toLowerCase()));
  return found && [found[0], found[1]];
}

/** The unit of size that a word spells; undefined: it spells none. */
export function sizeUnit(word: string): string | undefined {
  return SIZES.find(([, spellings]) => spellings.includes(word.toLowerCase()))?.[0];
}

/** A number without an exponent, and without the rounding error of a division. */
function plain(value: number): string {
  const text = String(Number(value.toPrecision(15)));
  return text.includes('e') ? value.toFixed(0) : text;
}
