import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../src/lib/package-root.js';
import type { RunSummary } from '../../src/runs/summary.js';
import { brokenLinks } from '../helpers/links.js';
import { withTempFolder } from '../helpers/temp-folder.js';

/** The folder of the compiled files; its name is not always `dist`. */
const COMPILED = fileURLToPath(new URL('../..', import.meta.url));

const WELCOME = [
  /^package\.json$/,
  /^(README|README\.pt-BR|CHANGELOG|CONTRIBUTING)\.md$/,
  /^src\/([\w-]+\/)*(README(\.pt-BR)?|VALUES)\.md$/,
  /^\.github\/(pictures\/[\w.-]+\.(png|svg)|action\/README\.md)$/,
  /^LICENSE$/,
  /^sql\/\d\d_[a-z_-]+\.sql$/,
  /^config\/(\.env\.example|settings\.toml|profiles\/[a-z]+\.toml)$/,
  /^dist\/src\/[\w./-]+\.js$/,
  /^dist\/workers\/\w+\.cjs$/,
];
const NEEDED = [
  'package.json',
  'README.md',
  'README.pt-BR.md',
  'LICENSE',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'src/cli/README.md',
  'src/cli/README.pt-BR.md',
  'src/schemas/README.md',
  'src/schemas/README.pt-BR.md',
  'sql/01_schema.sql',
  'sql/02_indexes.sql',
  'sql/03_seed-lookups.sql',
  'sql/10_prontuario.sql',
  'sql/99_drop_all.sql',
  'config/.env.example',
  'config/settings.toml',
  'config/profiles/smoke.toml',
  'config/profiles/load.toml',
  'config/profiles/soak.toml',
  'config/profiles/spike.toml',
  'dist/src/cli.js',
  'dist/src/messages/pt-BR.js',
  'dist/src/messages/en.js',
  'dist/workers/hazard.cjs',
  'dist/workers/producer.cjs',
  'dist/workers/seeder.cjs',
];

/** Rows that the built-in settings seed. */
const SEEDED = 15_200;

/** The errors of npm when it cannot reach its registry. */
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTCACHED|ENETUNREACH/;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: readonly string[], cwd: string): Promise<Outcome> {
  return new Promise((resolve) => {
    // Nothing of the tester's databases, nor of the npm that may have started the tests.
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(PG|DATABASE_URL|APP_|npm_(package|lifecycle))/.test(name),
    );
    const env = Object.fromEntries(kept);
    execFile(file, args, { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, stdout, stderr });
    });
  });
}

/** Packs what was compiled, in a copy where a developer's secrets lie about; the tarball's path. */
async function pack(folder: string): Promise<{ tarball: string; files: string[] }> {
  const copy = join(folder, 'checkout');
  await mkdir(copy);
  for (const name of await readdir(packageRoot())) {
    if (/^(\.|dist|node_modules|logs|test|bench|src|workers)/.test(name)) continue;
    await cp(join(packageRoot(), name), join(copy, name), { recursive: true });
  }
  for (const name of ['src', '.github']) {
    await cp(join(packageRoot(), name), join(copy, name), { recursive: true });
  }
  await cp(COMPILED, join(copy, 'dist'), { recursive: true });
  await writeFile(join(copy, 'config', '.env'), 'PG_PASSWORD=s3nha-secreta\n');
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { code, stdout, stderr } = await run('npm', args, copy);
  assert.equal(code, 0, stderr);
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  assert.ok(packed !== undefined);
  return {
    tarball: join(folder, packed.filename),
    files: packed.files.map(({ path }) => path),
  };
}

test('the package holds what it needs and nothing else, and works where it is installed', async (t) => {
  await withTempFolder(async (folder) => {
    const { tarball, files } = await pack(folder);
    for (const path of NEEDED) assert.ok(files.includes(path), `${path} is missing`);
    const unwelcome = files.filter((path) => !WELCOME.some((pattern) => pattern.test(path)));
    assert.deepEqual(unwelcome, []);
    const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8');
    assert.deepEqual(brokenLinks(files, read), [], 'links of packed pages');

    const home = join(folder, 'elsewhere');
    await mkdir(home);
    // The embedded server's account must be able to enter, should we be root.
    await chmod(folder, 0o755);
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball];
    const installed = await run('npm', install, home);
    if (installed.code !== 0 && NO_NETWORK.test(installed.stderr)) {
      t.skip('no network to install the dependencies from');
      return;
    }
    assert.equal(installed.code, 0, installed.stderr);

    const program = join(home, 'node_modules', '.bin', 'oltp-simulator');
    const ask = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await run(program, args, home);
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
      return stdout;
    };
    assert.match(await ask('--help'), /stream/);
    await ask('init-db');
    await ask('seed');
    const stream = JSON.parse(await ask('stream', '--duration', '2s', '--json')) as RunSummary;
    assert.equal(stream.stopped_by, 'duration');
    assert.ok(stream.events > 0);
    const { inserted, deleted } = Object.values(stream.rows).reduce(
      (sum, row) => ({ inserted: sum.inserted + row.insert, deleted: sum.deleted + row.delete }),
      { inserted: 0, deleted: 0 },
    );
    const counts = JSON.parse(await ask('counts', '--json')) as { total: number };
    assert.equal(counts.total, SEEDED + inserted - deleted);
    assert.equal((JSON.parse(await ask('check', '--json')) as { ok: boolean }).ok, true);
    const profile = ['--profile', 'smoke', '--duration', '2s', '--json'];
    assert.equal((JSON.parse(await ask('stream', ...profile)) as RunSummary).events, 100);
    const page = JSON.parse(await ask('report', '--json')) as { report: string };
    assert.match(await readFile(page.report, 'utf8'), /uPlot/);
  });
});

test('npx runs the program of a checkout that was built', async () => {
  // From version 11 on, npm makes it executable; the build does it for all of them.
  assert.notEqual((await stat(join(COMPILED, 'src', 'cli.js'))).mode & 0o100, 0);
  await withTempFolder(async (checkout) => {
    await cp(join(packageRoot(), 'package.json'), join(checkout, 'package.json'));
    await symlink(COMPILED, join(checkout, 'dist'));
    const args = ['--no', 'oltp-simulator', 'help', 'counts'];
    const { code, stdout, stderr } = await run('npx', args, checkout);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /oltp-simulator counts/);
  });
});
