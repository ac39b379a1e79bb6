import type { Language, Messages } from '../../messages/index.js';
import { type Formats, makeFormats } from './formats.js';

/** In place of a figure that was not measured. */
export const NOTHING = '–';

/** Writes the page's figures and texts in one language. */
export class Writer {
  readonly m: Messages['page'];
  /** The words of `verify`. */
  readonly verify: Messages['verify'];
  readonly lang: Language;
  /** The whole catalogue; `m` and `verify` are parts of it. */
  readonly messages: Messages;
  readonly #formats: Formats;
  readonly #moment: Intl.DateTimeFormat;

  constructor(messages: Messages, lang: Language) {
    this.m = messages.page;
    this.verify = messages.verify;
    this.lang = lang;
    this.messages = messages;
    this.#formats = makeFormats(lang);
    this.#moment = new Intl.DateTimeFormat(lang, {
      dateStyle: 'long',
      timeStyle: 'medium',
      hourCycle: 'h23',
      timeZone: 'UTC',
    });
  }

  count(value: number | null | undefined): string {
    return this.#or(value, (known) => this.#formats.number(known));
  }

  /** Events per second. */
  rate(value: number | null): string {
    return this.#or(value, (known) => this.#formats.unit('rate', known));
  }

  /** A figure in a unit that the text beside it has. */
  plain(value: number | null): string {
    return this.#or(value, (known) => this.#formats.number(known, 3));
  }

  /** Milliseconds without their unit. */
  millis(value: number | null | undefined): string {
    return this.#or(value, (known) => this.#formats.unit('ms', known));
  }

  /** Milliseconds, with their unit. */
  ms(value: number | null | undefined): string {
    return this.#or(value, (known) => `${this.#formats.unit('ms', known)}\u00a0ms`);
  }

  bytes(value: number | null | undefined): string {
    return this.#or(value, (known) => this.#formats.unit('bytes', known));
  }

  cores(value: number): string {
    return this.#formats.unit('cores', value);
  }

  /** A value in the unit of a plot. */
  unit(...[unit, value]: Parameters<Formats['unit']>): string {
    return this.#formats.unit(unit, value);
  }

  /** Minutes and seconds since the start of a run: 4:05. */
  clock(seconds: number): string {
    return this.#formats.clock(seconds);
  }

  share(part: number, whole: number): string {
    if (whole <= 0) return NOTHING;
    return `${this.#formats.number((100 * part) / whole, 1)}%`;
  }

  /** A duration given in seconds: 4 min 5 s. */
  span(seconds: number): string {
    if (seconds < 60) return `${this.#formats.number(seconds, 1)} s`;
    const whole = Math.round(seconds);
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor(whole / 60) % 60;
    if (hours > 0) return `${hours} h ${minutes} min`;
    return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  }

  /** Date and time, UTC. */
  moment(at: Date): string {
    return this.#moment.format(at);
  }

  /** Two moments as one range, UTC. */
  range(from: Date, to: Date): string {
    return this.#moment.formatRange(from, to);
  }

  /** The reason why a run ended. */
  reason(stoppedBy: Parameters<Messages['report']['reason']>[0]): string {
    return this.messages.report.reason(stoppedBy) ?? stoppedBy;
  }

  /** Makes a sentence of a phrase of the catalogue: adds a capital letter and a full stop. */
  sentence(words: string): string {
    return `${words.charAt(0).toLocaleUpperCase(this.lang)}${words.slice(1)}${/[.!?:]$/.test(words) ? '' : '.'}`;
  }

  #or(value: number | null | undefined, write: (known: number) => string): string {
    return value === null || value === undefined ? NOTHING : write(value);
  }
}
