import type { HazardSpec } from '../schema/hazards.js';
import { type Dial, defaultDial, kindOf } from './dials.js';
import { HAZARD_NAMES, type HazardName, type Hazards } from './hazards.js';
import { isPossible } from './possible.js';

/** Asks for every hazard that the run's schema can have, at its default. */
export const ALL = 'all';

/** Between the hazards of a list. */
export const SEPARATOR = ',';
/** Between a hazard and its dial. */
export const MARK = '=';

/** Values that turn a hazard on at its default, or off, as a file of settings says it. */
const ON = /^(on|true)$/i;
const OFF = /^(off|false)$/i;

/** The hazards that an operator asked for; which ones `all` means depends on the schema. */
export interface HazardChoices {
  readonly all: boolean;
  /** The dial of each that was named; null: off. */
  readonly named: Readonly<Partial<Record<HazardName, Dial | null>>>;
}

/** One `NAME` or `NAME=VALUE`. */
export interface HazardChoice {
  readonly name: HazardName | typeof ALL;
  /** Null: off. Of `all`, null. */
  readonly dial: Dial | null;
}

/** A hazard from `NAME` or `NAME=VALUE`; undefined when the text is not understood. */
export function parseHazard(text: string): HazardChoice | undefined {
  const { name: word, value } = splitHazard(text);
  const known = word.toLowerCase();
  if (known === ALL) {
    return value === undefined || isOn(value) ? { name: ALL, dial: null } : undefined;
  }
  const name = HAZARD_NAMES.find((candidate) => candidate === known);
  if (name === undefined) return undefined;
  if (value !== undefined && OFF.test(value)) return { name, dial: null };
  const isBare = value === undefined || isOn(value);
  const dial = isBare ? defaultDial(name) : kindOf(name).parse(value);
  return dial === undefined ? undefined : { name, dial };
}

/** Hazards separated by commas; of several dials for one hazard the last one counts. Undefined: not understood. */
export function parseHazards(text: string): HazardChoices | undefined {
  const choices = splitHazards(text).map(parseHazard);
  const understood = choices.filter((choice) => choice !== undefined);
  if (understood.length < choices.length) return undefined;
  const named = understood.filter(({ name }) => name !== ALL);
  return {
    all: named.length < understood.length,
    named: Object.fromEntries(named.map(({ name, dial }) => [name, dial])),
  };
}

/** Whether a value turns a hazard on at its usual dial. */
export function isOn(value: string): boolean {
  return ON.test(value);
}

/** The parts of a list; an empty part is a mistake: a variable that a script did not set. */
export function splitHazards(text: string): readonly string[] {
  return text.trim() === '' ? [] : text.split(SEPARATOR);
}

/** `value` undefined: there is none. */
export function splitHazard(text: string): { readonly name: string; readonly value?: string } {
  const at = text.indexOf(MARK);
  if (at === -1) return { name: text.trim() };
  return { name: text.slice(0, at).trim(), value: text.slice(at + MARK.length).trim() };
}

/** The hazards of a run. A dial of its own outweighs `all`, before or after it. */
export function chosenHazards({ all, named }: HazardChoices, spec: HazardSpec): Hazards {
  const isMeant = (name: HazardName) => all && isPossible(name, spec);
  return Object.fromEntries(
    HAZARD_NAMES.flatMap((name) => {
      const dial = name in named ? named[name] : isMeant(name) ? defaultDial(name) : undefined;
      return dial === undefined || dial === null ? [] : [[name, dial] as const];
    }),
  );
}

/** Each hazard with its dial, as an operator would type it: `huge=20000/60s`. */
export function printHazards(hazards: Hazards): string[] {
  return HAZARD_NAMES.flatMap((name) => {
    const dial = hazards[name];
    return dial === undefined ? [] : [`${name}${MARK}${kindOf(name).print(dial)}`];
  });
}
