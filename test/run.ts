/*
 * Behind `npm test`. Arguments name the tests to run: files, folders, or parts of paths in which `*` stands for
 * anything. Without any it is the whole gate: lint, then every test.
 */
import { spawnSync } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { join, normalize, relative, sep } from 'node:path';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packageRoot } from '../src/lib/package-root.js';

/** Test files that run at once. Half of a file's time is waiting, for a server or a clock, so two fill two cores. */
const AT_ONCE = 2;
const MISUSED = 2;
/** The compiler's output folder. */
const COMPILED = fileURLToPath(new URL('..', import.meta.url));

process.chdir(packageRoot());
const { values, positionals: paths } = parseArgs({
  options: { name: { type: 'string' } },
  allowPositionals: true,
});
const all = allTests();
const unknown = paths.filter((path) => testsOf(path).length === 0);
if (unknown.length > 0) {
  console.error(
    `No test matches ${unknown.map((path) => JSON.stringify(path)).join(' and ')}: name a file, a folder or a part of a path below test/, as in "npm test -- test/unit/load".`,
  );
  process.exit(MISUSED);
}
if (paths.length === 0) lint();

const stopped = new AbortController();
const failures: string[] = [];
// Each file listens.
setMaxListeners(0, stopped.signal);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stopped.abort());
}
run({
  files: (paths.length === 0 ? all : all.filter(isChosen)).map(compiled),
  concurrency: AT_ONCE,
  signal: stopped.signal,
  ...(values.name === undefined ? {} : { testNamePatterns: values.name }),
})
  .on('test:fail', ({ name, file = '', details: { error } }) => {
    process.exitCode = 1;
    const { failureType, cause } = error as Error & { failureType?: string; cause?: unknown };
    // A file or a test whose parts failed: those are named.
    if (failureType === 'subtestsFailed') return;
    const reason = cause instanceof Error ? cause.message : String(cause);
    failures.push(`# failed: ${relative('', file)}: ${name}: ${reason.split('\n', 1)[0]}`);
  })
  .compose(process.stdout.isTTY ? new spec() : tap)
  // Named again at the end: a job may show its last lines alone.
  .on('end', () => process.stdout.write(failures.map((line) => `${line}\n`).join('')))
  .pipe(process.stdout);

/** Every test, by its source: `dist` may still hold what was compiled of a deleted one. */
function allTests(): string[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .sort();
}

function isChosen(file: string): boolean {
  return paths.some((path) => testsOf(path).includes(file));
}

/** Tests at a path or below it; where there are none, those whose paths have it as a part. */
function testsOf(path: string): string[] {
  if (path === '') return [];
  const place = normalize(path.endsWith(sep) ? path.slice(0, -1) : path);
  const below = all.filter((file) => file === place || file.startsWith(place + sep));
  if (below.length > 0) return below;
  const parts = place.split('*').map((part) => part.replace(/[^\w/-]/g, '\\$&'));
  const pattern = new RegExp(parts.join('.*'));
  return all.filter((file) => pattern.test(file));
}

function compiled(file: string): string {
  return join(COMPILED, file.replace(/\.ts$/, '.js'));
}

function lint(): void {
  const { status } = spawnSync('npm', ['run', '--silent', 'lint'], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
