import { type ConnectionTarget, SETTING_NAMES, type TargetPart } from './target.js';

/** The place of a target's value, in the operator's words. */
export function originOf({ origins }: ConnectionTarget, part: TargetPart): string {
  return origins?.[part] ?? SETTING_NAMES[part];
}

/** The places of several values, each once: a URL holds all of them. */
export function originsOf(target: ConnectionTarget, ...parts: TargetPart[]): string[] {
  return [...new Set(parts.map((part) => originOf(target, part)))];
}
