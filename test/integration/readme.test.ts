import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../src/lib/package-root.js';
import { startCli } from '../helpers/cli.js';
import { type Block, blocksOf } from '../helpers/markdown.js';
import { withTempFolder } from '../helpers/temp-folder.js';
import { openTerminal, terminalsMissing } from '../helpers/terminal.js';
import { waitFor } from '../helpers/wait-for.js';
import { whenStopped } from '../helpers/when-stopped.js';

/*
 * Types every command block of the READMEs into a shell, in a copy of the checkout, from top to bottom; the first one in
 * a copy of its own, beside the others: it is what a new clone sees, and mostly waits. A comment before a block may say that it runs `until Ctrl+C`, or that it is `not run: …`, with the reason. A block without a language
 * after it shows what it prints.
 */

/** The folder of the compiled files; its name is not always `dist`. */
const COMPILED = fileURLToPath(new URL('../..', import.meta.url));
const READMES = [
  { file: 'README.md', locale: 'en_US.UTF-8' },
  { file: 'README.pt-BR.md', locale: 'pt_BR.UTF-8' },
];
const UNTIL_CTRL_C = 'until Ctrl+C';
const NOT_RUN = /^not run: \S/;
/** Blocks that are not run; the same one in both READMEs counts once. */
const MOST_NOT_RUN = 3;
const CTRL_C = '\u0003';
/** Generous: only a block that hangs takes so long. */
const BLOCK_MS = 120_000;

interface Example {
  readonly place: string;
  readonly script: string;
  readonly comment: string | null;
  /** The output that the README shows; null: none. */
  readonly shown: string | null;
  readonly locale: string;
}

const examples = READMES.flatMap(({ file, locale }) => {
  const blocks = blocksOf(readFileSync(join(packageRoot(), file), 'utf8'));
  return blocks.flatMap((block, i) => toExample(file, locale, block, blocks[i + 1]) ?? []);
});
const notRun = examples.filter(({ comment }) => NOT_RUN.test(comment ?? ''));

test('at most three blocks of the READMEs are not run, each with its reason', () => {
  const scripts = new Set(notRun.map(({ script }) => commandsOf(script)));
  assert.ok(scripts.size <= MOST_NOT_RUN, [...scripts].join('\n'));
  const comments = new Set(examples.map(({ comment }) => comment));
  for (const { comment } of notRun) comments.delete(comment);
  assert.deepEqual([...comments].sort(), [null, UNTIL_CTRL_C].sort());
});

test('the blocks of both READMEs are the same commands, but for words that are printed', () => {
  const [english, portuguese] = READMES.map(({ file }) =>
    examples
      .filter(({ place }) => place.startsWith(`${file}:`))
      .map(({ script }) => commandsOf(script).replace(/"[^"]*\$\?"/g, '"…"')),
  );
  assert.deepEqual(portuguese, english);
});

test(
  'every command block of the READMEs works as it stands, and prints what stands beside it',
  {
    concurrency: 2,
  },
  (t) =>
    withTempFolder(async (folder) => {
      const run = (cwd: string, example: Example) =>
        t.test(`${example.place}: ${commandsOf(example.script).split('\n')[0]}`, (inner) =>
          example.comment === UNTIL_CTRL_C
            ? runUntilCtrlC(inner, cwd, example)
            : runToItsEnd(cwd, example),
        );
      const [first, ...others] = examplesToRun();
      const inNewClone = run(copyCheckout(join(folder, 'new')), first!);
      const cwd = copyCheckout(join(folder, 'used'));
      // One server for all of them, instead of one that each command starts and stops.
      const server = startCli(['db'], { cwd });
      try {
        await server.until(/postgresql:\/\//);
        for (const example of others) await run(cwd, example);
      } finally {
        server.child.kill('SIGTERM');
        await server.ended();
        await inNewClone;
      }
    }),
);

/** Each block once, and again in the other language if its output is shown. */
function examplesToRun(): Example[] {
  const done = new Set<string>();
  return examples.filter((example) => {
    const commands = commandsOf(example.script);
    if (notRun.includes(example) || (done.has(commands) && example.shown === null)) return false;
    done.add(commands);
    return true;
  });
}

function toExample(
  file: string,
  locale: string,
  block: Block,
  next: Block | undefined,
): Example | undefined {
  if (block.language !== 'sh') return undefined;
  const place = `${file}:${block.line}`;
  const shown = next?.language === '' ? next.text : null;
  return { place, script: block.text, comment: block.comment, shown, locale };
}

/** A script without its comments, which each language has its own of. */
function commandsOf(script: string): string {
  return script.replace(/(^|\s+)#.*$/gm, '').trim();
}

/** A checkout that is built, as its files are here now, below a new folder; returns the checkout. */
function copyCheckout(folder: string): string {
  const root = packageRoot();
  const tracked = ['ls-files', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', tracked, { cwd: root, encoding: 'utf8' }).split('\n');
  const cwd = join(folder, 'checkout');
  for (const file of files) {
    if (file === '' || !existsSync(join(root, file))) continue;
    cpSync(join(root, file), join(cwd, file), { preserveTimestamps: true });
  }
  cpSync(COMPILED, join(cwd, 'dist'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(cwd, 'node_modules'));
  // For make: what is installed and built is newer than its sources. It must not install into the linked folder.
  assert.ok(existsSync(join(root, 'node_modules', '.package-lock.json')), 'npm ci first');
  for (const file of ['package.json', 'package-lock.json']) utimesSync(join(cwd, file), 0, 0);
  writeFileSync(join(cwd, 'dist', '.built'), '');
  // As root, the embedded server runs as another user, who must be able to enter.
  for (const outer of [dirname(folder), folder]) chmodSync(outer, 0o755);
  return cwd;
}

/** Nothing of the tester's databases, nor of their npm; `npx` finds the program without a network. */
function environment(folder: string, locale: string): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR = '/tmp' } = process.env;
  const cache = join(folder, '..', 'npm-cache');
  return { PATH, HOME, TMPDIR, LANG: locale, npm_config_cache: cache, npm_config_offline: 'true' };
}

async function runToItsEnd(cwd: string, { script, shown, locale }: Example): Promise<void> {
  const shell = spawn('sh', ['-e', '-u', '-c', script], {
    cwd,
    env: environment(cwd, locale),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const kill = () => process.kill(-(shell.pid ?? 0), 'SIGKILL');
  const release = whenStopped(kill);
  const deadline = setTimeout(kill, BLOCK_MS);
  let [stdout, stderr] = ['', ''];
  shell.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  shell.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise((resolve) => shell.on('close', resolve));
  clearTimeout(deadline);
  release();
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  if (shown !== null) requireShown(stdout, shown);
}

/** Types Ctrl+C once the run has been sending for a second. */
async function runUntilCtrlC(
  t: TestContext,
  cwd: string,
  { script, locale }: Example,
): Promise<void> {
  const missing = terminalsMissing();
  if (missing !== false) return t.skip(missing);
  const known = new Set(seriesBelow(cwd));
  const env = environment(cwd, locale);
  const terminal = openTerminal(['sh', '-e', '-u', '-c', script], { cwd, env });
  await waitFor(() => seriesBelow(cwd).some((file) => !known.has(file)));
  terminal.type(CTRL_C);
  const { code, shown } = await terminal.ended();
  assert.equal(code, 0, shown);
}

/** The files that runs write a line to every second. */
function seriesBelow(cwd: string): string[] {
  const runs = join(cwd, 'logs', 'runs');
  if (!existsSync(runs)) return [];
  return readdirSync(runs)
    .map((run) => join(runs, run, 'series.ndjson'))
    .filter((file) => existsSync(file));
}

/** The README shows parts of the output; a line `…` stands between two of them. */
function requireShown(output: string, shown: string): void {
  let rest = shapeOf(output);
  for (const part of shown.split(/^…$/m).map(shapeOf)) {
    const at = rest.indexOf(part);
    assert.ok(at >= 0, `the README shows:\n${part}\nand it printed:\n${output}`);
    rest = rest.slice(at + part.length);
  }
}

/** An output without its figures and run ids, and however its columns are spaced. */
function shapeOf(output: string): string {
  return output
    .replace(/\d{8}-\d{6}-[0-9a-f]{4}/g, 'RUN')
    .replace(/[0-9A-F]+\/[0-9A-F]+/g, 'LSN')
    .replace(/\d[\d.,]*/g, 'N')
    .replace(/ +/g, ' ')
    .trim();
}
