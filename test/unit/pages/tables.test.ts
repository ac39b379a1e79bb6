import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { EXIT } from '../../../src/errors.js';
import { packageRoot } from '../../../src/lib/package-root.js';
import { COMMANDS } from '../../../src/settings/commands.js';
import { SWITCH_NAMES, VALUE_FLAGS } from '../../../src/settings/flags.js';
import { OPTION_KEYS, type Option, optionOf } from '../../../src/settings/options.js';
import { tableRows } from '../../helpers/markdown.js';

/** The pages that an operator reads, in each language. */
const READMES = ['README.md', 'README.pt-BR.md'];
const ROOMS = ['src/cli', 'src/settings', 'src/load', 'src/report', 'src/schemas'];

const OPTIONS = OPTION_KEYS.map(optionOf);

for (const readme of READMES) {
  const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8');
  const commands = tableRows(read(`src/cli/${readme}`));
  const pages = [readme, ...ROOMS.map((room) => `${room}/${readme}`)].map(read);

  test(`the pages of ${readme} name every command and every option, and no other one`, () => {
    const first = (cells: string[]) => [...(cells[0] ?? '').matchAll(/`([a-z][\w-]*)`/g)];
    const named = new Set(
      [
        ...tableRows(section(read(`src/cli/${readme}`), /^## (?:Commands|Comandos)$/m)).flatMap(
          first,
        ),
      ].map(([, name]) => name),
    );
    assert.deepEqual([...named].sort(), [...COMMANDS].sort());
    const flags = new Set(pages.flatMap((page) => page.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? []));
    const all = [...VALUE_FLAGS, ...SWITCH_NAMES].map((flag) => `--${flag}`);
    assert.deepEqual([...flags].sort(), all.sort());
  });

  test(`the tables of the pages of ${readme} say the built-in defaults`, () => {
    let compared = 0;
    for (const cells of pages.flatMap(tableRows).filter(({ length }) => length === 3)) {
      const [first = '', , last = ''] = cells;
      const names = [...first.matchAll(/`(?:--)?([\w-]+)[^`]*`/g)].map(([, name]) => name);
      const values = last.replaceAll('`', '').split(', ');
      const options = names.map((name) =>
        OPTIONS.filter(({ env, flag }) => name === env || name === flag?.name),
      );
      // Where a cell describes the default, or leaves some out, there is nothing to compare.
      const isDescribed = options.flat().some((option) => ['', '0'].includes(option.default));
      if (isDescribed || first.includes('PG_HOST')) continue;
      for (const [at, candidates] of options.entries()) {
        if (candidates.length === 0) continue;
        const isList = candidates[0]?.env === 'STREAM_WEIGHTS';
        const value = (isList ? values.join(', ') : values[at])?.split(':')[0];
        // `--workers` is of `stream` in one table, and of `seed` in another.
        assert.ok(defaultsOf(candidates).includes(value ?? ''), `${first}: ${last}`);
        compared++;
      }
    }
    assert.ok(compared >= 20, String(compared));
  });

  test(`the page of commands beside ${readme} lists every exit code, and no other one`, () => {
    const codes = commands.map(([first = '']) => first).filter((first) => /^\d+$/.test(first));
    assert.deepEqual(codes, Object.values(EXIT).map(String));
  });
}

function defaultsOf(options: readonly Option[]): string[] {
  return options.map((option) => option.default);
}

/** The text from a heading to the next one of its level. */
function section(markdown: string, heading: RegExp): string {
  const [, rest = ''] = markdown.split(heading);
  return rest.split(/^## /m)[0] ?? '';
}
