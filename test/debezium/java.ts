import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { withFileLock } from '../../src/embedded/file-lock.js';
import { packageRoot } from '../../src/lib/package-root.js';

/** Where the Maven project is; what is built of it goes to `target/`. */
const PROJECT = join(packageRoot(), 'test', 'debezium');
const TARGET = join(PROJECT, 'target');
/** Written last by the build. */
const CLASSPATH = join(TARGET, 'classpath.txt');

const OLDEST_JAVA = 17;
/** The first build downloads some 100 MB. */
const BUILD_MS = 300_000;
const VERSION_MS = 30_000;

/** Small machines start several of these at once, and none lives long enough for the better compiler. */
const JVM = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m', '-Duser.timezone=UTC'];

export interface Java {
  /** Arguments of `java` that come before the name of a class of the project, or of what it depends on. */
  readonly arguments: readonly string[];
}

/** Either, as the machine has it: what Debezium and Kafka run with, or why the tests with them are skipped. */
export interface JavaOrReason {
  readonly java: Java | null;
  /** For `skip` of a test: false, or the reason. */
  readonly skip: string | false;
}

/**
 * Builds the Maven project if that was not done yet. To be called at the top level of a test file,
 * before its first `test`.
 */
export async function findJava(): Promise<JavaOrReason> {
  const missing = await whatIsMissing();
  if (missing !== null) return { java: null, skip: missing };
  await mkdir(TARGET, { recursive: true });
  const failure = await withFileLock(
    join(TARGET, 'lock'),
    {
      patienceMs: BUILD_MS,
      onWait: () => undefined,
      tooLong: () => new Error('another test file has been building for too long'),
    },
    async () => (isBuilt() ? null : build()),
  );
  if (failure !== null) return { java: null, skip: failure };
  const classpath = [join(TARGET, 'classes'), readFileSync(CLASSPATH, 'utf8').trim()];
  return {
    java: { arguments: [...JVM, '-cp', classpath.join(delimiter)] },
    skip: false,
  };
}

async function whatIsMissing(): Promise<string | null> {
  const java = await run('java', ['-version'], VERSION_MS);
  const version = Number(/version "(\d+)/.exec(java.output)?.[1]);
  if (!java.ok || !(version >= OLDEST_JAVA)) return `there is no Java ${OLDEST_JAVA} or newer`;
  if (!(await run('mvn', ['-version'], VERSION_MS)).ok) return 'there is no Maven (mvn)';
  return null;
}

/** Nothing has changed since the last build, and what it needs is still there. */
function isBuilt(): boolean {
  if (!existsSync(CLASSPATH)) return false;
  const built = statSync(CLASSPATH).mtimeMs;
  const sources = readdirSync(join(PROJECT, 'src'), { recursive: true, encoding: 'utf8' });
  const inputs = [join(PROJECT, 'pom.xml'), ...sources.map((name) => join(PROJECT, 'src', name))];
  if (inputs.some((input) => statSync(input).mtimeMs > built)) return false;
  return readFileSync(CLASSPATH, 'utf8').trim().split(delimiter).every(existsSync);
}

/** Returns why it could not be built. Our own mistakes are thrown. */
async function build(): Promise<string | null> {
  const goal = ['-q', '-B', '-f', join(PROJECT, 'pom.xml'), 'process-classes'];
  if ((await run('mvn', ['-o', ...goal], BUILD_MS)).ok) return null;
  const { ok, output } = await run('mvn', goal, BUILD_MS);
  if (ok) return null;
  if (output.includes('COMPILATION ERROR')) throw new Error(output);
  const [first = 'no word of why'] = output.split('\n').filter((line) => line.includes('ERROR'));
  return `Maven could not build test/debezium: ${first}`;
}

function run(
  program: string,
  args: readonly string[],
  timeout: number,
): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout }, (error, stdout, stderr) =>
      resolve({ ok: error === null, output: stdout + stderr }),
    );
  });
}
