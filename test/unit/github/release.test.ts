import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { planRelease } from '../../../.github/release-plan.js';
import { packageRoot } from '../../../src/lib/package-root.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

const SCRIPT = fileURLToPath(new URL('../../../.github/release.js', import.meta.url));
const CHANGELOG = [
  '# Changelog',
  '## [Unreleased]',
  '## [1.1.0] - 2026-12-01',
  '### Added\n\n- news',
  '## [1.0.0] - 2026-11-01',
  '- the first',
].join('\n\n');
const READY = { version: '1.1.0', lockedVersion: '1.1.0', changelog: CHANGELOG, tags: ['v1.0.0'] };

const read = (file: string) => readFileSync(join(packageRoot(), file), 'utf8');

test('a release has the version of package.json, and the notes of the changelog', () => {
  assert.deepEqual(planRelease(READY), {
    version: '1.1.0',
    tag: 'v1.1.0',
    notes: '### Added\n\n- news',
  });
  const first = { ...READY, version: '1.0.0', lockedVersion: '1.0.0', tags: [] };
  const changelog = CHANGELOG.slice(CHANGELOG.indexOf('## [1.0.0]'));
  assert.equal(planRelease({ ...first, changelog }).notes, '- the first');
});

test('a release is refused where version, changelog and tags contradict each other', () => {
  const refusals: readonly (readonly [Partial<typeof READY>, RegExp])[] = [
    [{ tags: ['v1.0.0', 'v1.1.0'] }, /the tag v1\.1\.0 exists already/],
    [{ lockedVersion: '1.0.0' }, /package-lock\.json has 1\.0\.0/],
    [{ version: '1.2.0', lockedVersion: '1.2.0' }, /newest section of CHANGELOG\.md is 1\.1\.0/],
    [{ version: '1.0.0', lockedVersion: '1.0.0' }, /newest section of CHANGELOG\.md is 1\.1\.0/],
    [{ changelog: '# Changelog\n' }, /does not exist/],
    [{ changelog: CHANGELOG.replace('### Added\n\n- news\n\n', '') }, /write one/],
    [{ changelog: CHANGELOG.replace(' - 2026-12-01', '') }, /is 1\.0\.0.*and the date/],
    [{ changelog: CHANGELOG.replace('ed]\n', 'ed]\n\n- more\n') }, /lines under \[Unreleased\]/],
  ];
  for (const [change, reason] of refusals) {
    assert.throws(() => planRelease({ ...READY, ...change }), reason);
  }
});

test('the newest version of the changelog is that of package.json', () => {
  const [, newest] = /^## \[(\d[^\]]*)\] - /m.exec(read('CHANGELOG.md')) ?? [];
  assert.equal(newest, JSON.parse(read('package.json')).version);
});

test('the script of the release writes tag and notes, and refuses a tag that exists', () =>
  withTempFolder(async (folder) => {
    const version = '{"version":"1.1.0"}';
    writeFileSync(join(folder, 'package.json'), version);
    writeFileSync(join(folder, 'package-lock.json'), version);
    writeFileSync(join(folder, 'CHANGELOG.md'), CHANGELOG);
    const git = (...args: string[]) => execFileSync('git', args, { cwd: folder });
    git('init', '--quiet');
    const run = () =>
      spawnSync(process.execPath, [SCRIPT, 'notes.md'], {
        cwd: folder,
        env: { ...process.env, GITHUB_OUTPUT: join(folder, 'outputs') },
        encoding: 'utf8',
      });
    const first = run();
    assert.equal(first.status, 0, first.stdout + first.stderr);
    const outputs = readFileSync(join(folder, 'outputs'), 'utf8');
    assert.equal(outputs, 'version=1.1.0\ntag=v1.1.0\n');
    assert.equal(readFileSync(join(folder, 'notes.md'), 'utf8'), '### Added\n\n- news\n');

    git('add', '.');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '--quiet', '-m', 'all');
    git('tag', 'v1.1.0');
    const second = run();
    assert.equal(second.status, 1);
    assert.match(second.stdout, /^::error title=release::the tag v\S+ exists already/);
  }));
