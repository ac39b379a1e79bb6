import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { packageRoot } from '../../../src/lib/package-root.js';
import { brokenLinks } from '../../helpers/links.js';

test('every relative link of a Markdown file leads to a file, and to a heading where it names one', () => {
  const root = packageRoot();
  const tracked = ['ls-files', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', tracked, { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((file) => file !== '' && existsSync(join(root, file)));
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  assert.deepEqual(brokenLinks(files, read), []);
});

test('a link to a file or heading that is not there is found', () => {
  const pages: Record<string, string> = {
    'README.md': '# A page\n[a](b/c.md#one) [b](b/c.md#two) [c](lost.md) [d](b/) `[e](code.md)`',
    'b/c.md': '## One\n![d](../README.md#a-page) <img src="no.png">\n[e](#lost)',
  };
  assert.deepEqual(
    brokenLinks(Object.keys(pages), (path) => pages[path] ?? ''),
    ['README.md: b/c.md#two', 'README.md: lost.md', 'b/c.md: #lost', 'b/c.md: no.png'],
  );
});
