import assert from 'node:assert/strict';
import test from 'node:test';
import { STYLE } from '../../../src/report/html/style.js';

/** Least contrast by WCAG 2 (AA): of text, and of lines that carry meaning. */
const TEXT = 4.5;
const LINE = 3;

const PAIRS: readonly [colour: string, ground: string, least: number][] = [
  ['text', 'page', TEXT],
  ['text', 'surface', TEXT],
  ['muted', 'page', TEXT],
  ['muted', 'surface', TEXT],
  ['good', 'good-ground', TEXT],
  ['good', 'surface', TEXT],
  ['bad', 'bad-ground', TEXT],
  ['bad', 'surface', TEXT],
  ['bad', 'page', TEXT],
  ['plain', 'plain-ground', TEXT],
  ['plain', 'surface', TEXT],
  ['unsure', 'unsure-ground', TEXT],
  ['unsure', 'surface', TEXT],
  ['plain', 'page', TEXT],
  ['unsure', 'page', TEXT],
  ['good', 'page', TEXT],
  ...['good', 'bad', 'plain', 'unsure'].flatMap((mood): [string, string, number][] => [
    ['text', `${mood}-ground`, TEXT],
    ['muted', `${mood}-ground`, TEXT],
  ]),
  ...[0, 1, 2, 3, 4, 5].map((n): [string, string, number] => [`curve-${n}`, 'surface', LINE]),
  ['reconnect', 'surface', LINE],
  ['rejection', 'surface', LINE],
  ['failure', 'surface', LINE],
  ['stage', 'surface', LINE],
  ['hazard', 'surface', LINE],
  ['hazard', 'grid', LINE],
  ['hazard', 'pause', LINE],
  ...[0, 1, 2, 3, 4, 5].map((n): [string, string, number] => [`curve-${n}`, 'outage', LINE]),
];

/** The colours of a scheme, by name. */
function coloursOf(scheme: 'light' | 'dark'): Map<string, string> {
  const block = STYLE.split('--page:')[scheme === 'light' ? 1 : 2] ?? '';
  const declarations = `--page:${block.split('color-scheme')[0]}`;
  return new Map(
    [...declarations.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name = '', colour = '']) => [
      name,
      colour,
    ]),
  );
}

/** Relative luminance, as WCAG defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

for (const scheme of ['light', 'dark'] as const) {
  test(`text and lines stand out from their ground in the ${scheme} scheme`, () => {
    const colours = coloursOf(scheme);
    for (const [name, ground, least] of PAIRS) {
      const [colour, below] = [colours.get(name), colours.get(ground)];
      assert.ok(colour !== undefined && below !== undefined, `${name} on ${ground}`);
      const found = contrast(colour, below);
      assert.ok(found >= least, `${name} on ${ground}: ${found.toFixed(2)}`);
    }
  });
}
