export type Unit = 'rate' | 'ms' | 'bytes' | 'byteRate' | 'cores';

/** Writes figures in one language, in the page and in its plots. */
export interface Formats {
  readonly number: (value: number, digits?: number) => string;
  /** Milliseconds, rates and cores without their unit, which is in the title of the plot. */
  readonly unit: (unit: Unit, value: number) => string;
  /** The percentile at a place on the axis of 1/(1-p): 1,000 is 99.9%. */
  readonly percentile: (place: number) => string;
  /** Minutes and seconds since the start, with hours from the first one on: 4:05, 1:04:05. */
  readonly clock: (seconds: number) => string;
}

/** Makes the formats of a language. The page embeds this function, so it names nothing outside itself. */
export function makeFormats(lang: string): Formats {
  const number = (value: number, digits = 0) =>
    value.toLocaleString(lang, { maximumFractionDigits: digits });
  // Decimal, as disks and networks are: 1 MB is 10^6 bytes.
  const bytes = (value: number) => {
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    let scaled = value;
    let at = 0;
    while (Math.abs(scaled) >= 1000 && at < units.length - 1) {
      scaled /= 1000;
      at++;
    }
    const text = scaled.toLocaleString(lang, { maximumSignificantDigits: 3 });
    return `${text}\u00a0${units[at]}`;
  };
  return {
    number,
    unit: (unit, value) => {
      if (unit === 'bytes') return bytes(value);
      if (unit === 'byteRate') return `${bytes(value)}/s`;
      if (unit === 'ms') return value.toLocaleString(lang, { maximumSignificantDigits: 3 });
      return number(value, unit === 'cores' || value < 10 ? 2 : 0);
    },
    // As many nines as the place has: 99.9999% is not 100%.
    percentile: (place) =>
      `${number(100 - 100 / place, Math.max(1, Math.ceil(Math.log10(place)) - 1))}%`,
    clock: (seconds) => {
      const whole = Math.round(seconds);
      const two = (value: number) => String(value).padStart(2, '0');
      const hours = Math.floor(whole / 3600);
      const minutes = Math.floor(whole / 60) % 60;
      const head = hours > 0 ? `${hours}:${two(minutes)}` : String(minutes);
      return `${head}:${two(whole % 60)}`;
    },
  };
}
