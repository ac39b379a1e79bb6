import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { packageRoot } from '../../../src/lib/package-root.js';

/** The oldest Node.js that package.json allows, and the first of each later line that its dependencies support. */
const NODE_VERSIONS = ['20.19.0', '22.13.0', '24.0.0'];

interface LockedPackage {
  readonly version: string;
  readonly resolved?: string;
  readonly engines?: { readonly node?: string };
  readonly hasInstallScript?: true;
}

const read = (file: string) => JSON.parse(readFileSync(join(packageRoot(), file), 'utf8'));
const { allowScripts, engines } = read('package.json');
const { packages } = read('package-lock.json') as { packages: Record<string, LockedPackage> };

test('no package of the lockfile asks for a newer Node.js, so that npm ci prints no warning', () => {
  assert.equal(engines.node, '>=20.19');
  for (const [path, { engines: { node = '*' } = {} }] of Object.entries(packages)) {
    for (const version of NODE_VERSIONS) {
      assert.ok(satisfies(version, node), `${path} asks for Node.js ${node}, not ${version}`);
    }
  }
});

test('every package with an install script is listed in allowScripts, so that npm ci prints no warning', () => {
  const names = Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
  assert.ok(names.length > 0);
  assert.deepEqual(Object.keys(allowScripts).sort(), [...new Set(names)].sort());
});

test('ranges of versions are read as npm reads them', () => {
  const inside = [
    '>=20.19',
    '20 || >=22',
    '^20.19.0 || >=22.12.0',
    '>= 10.x',
    '>=20.x',
    '*',
    '20.x',
  ];
  for (const range of inside) assert.ok(satisfies('20.19.0', range), range);
  const outside = ['>=20.19.1', '^22.13.0 || >=24', '>=22', '18 || 19', '^21', '^20.20.0'];
  for (const range of outside) assert.ok(!satisfies('20.19.0', range), range);
  assert.throws(() => satisfies('20.19.0', '~20'), /~20/);
});

/** `>=20.19` and `^20.19.0`, or `20` and `20.x`; parts that are left out are 0. */
const RANGE = /^(?:(>=|\^) ?(\d+)(?:\.(\d+|x))?(?:\.(\d+|x))?|(\d+)(?:\.x)*)$/;

/** Whether a version is in a range, of the few forms that `engines` uses; throws for others. */
function satisfies(version: string, range: string): boolean {
  const given = version.split('.').map(Number);
  return range.split('||').some((text) => {
    const part = text.trim();
    if (part === '*') return true;
    const [matched, operator, major, minor, patch, line] = RANGE.exec(part) ?? [];
    assert.ok(matched !== undefined, `a range of an unknown form: ${range}`);
    const lowest = [major ?? line, minor, patch].map(
      (digits) => Number.parseInt(digits ?? '0', 10) || 0,
    );
    const isSameLine = given[0] === lowest[0];
    const difference =
      given.map((digits, i) => digits - lowest[i]!).find((sign) => sign !== 0) ?? 0;
    return difference >= 0 && (isSameLine || operator === '>=');
  });
}
