import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ConsoleForm } from '../../../src/log/console-form.js';
import { createLog, type Log } from '../../../src/log/logger.js';
import { createStatusLine, type StatusLine } from '../../../src/log/status-line.js';
import { messagesIn } from '../../../src/messages/index.js';
import type { Settings } from '../../../src/settings/settings.js';
import { inFolder } from '../settings/helpers.js';

const DEADLINE_MS = 10_000;

/** A log into `dir`, its console lines collected in `lines`. */
function open(
  dir: string,
  more: Partial<Settings['logging']> = {},
  terminal?: StatusLine,
  form: ConsoleForm = more.format === 'json' ? 'json' : 'full',
): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const console = terminal ?? createStatusLine({ write: (line) => lines.push(line), on: () => {} });
  const settings: Settings['logging'] = {
    level: 'INFO',
    levelIsExplicit: false,
    format: 'text',
    progress: 'auto',
    dir,
    rotateWhen: 'midnight',
    backupCount: 7,
    ...more,
  };
  return { log: createLog({ settings, messages: messagesIn('en'), console, form }), lines };
}

const read = (...path: string[]) => readFileSync(join(...path), 'utf8');

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'the condition was not met in time');
    await sleep(10);
  }
}

test('each record goes to the console, to app.log, and to the files of its component and level', async () => {
  await inFolder({}, async (cwd) => {
    const dir = join(cwd, 'deep', 'logs');
    const { log, lines } = open(dir);
    log.component('stream').info('consultas: inseridos +50 (total=12340) batch=50');
    log.component('seed').warning('100%% %s of %d');
    log.component('seed').error('first\nsecond');
    log.component('seed').debug('not at this level');
    await log.close();
    const [info, warning, error] = lines;
    assert.equal(lines.length, 3);
    assert.match(
      info ?? '',
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO oltp\.simulator \[stream\] - consultas: inseridos \+50 \(total=12340\) batch=50\n$/,
    );
    assert.match(warning ?? '', / WARNING oltp\.simulator \[seed\] - 100%% %s of %d\n$/);
    assert.equal(read(dir, 'app.log'), lines.join(''));
    assert.equal(read(dir, 'stream.log'), info);
    assert.equal(read(dir, 'errors.log'), `${warning}${error}`);
  });
});

test('on a terminal with colours the level is painted, and only there', async () => {
  await inFolder({}, async (cwd) => {
    const written: string[] = [];
    const console = createStatusLine({
      isTTY: true,
      hasColors: () => true,
      write: (line) => written.push(line),
      on: () => {},
    });
    const { log } = open(cwd, {}, console);
    log.component('cli').warning('careful');
    await log.close();
    const paint = '\u001b';
    assert.ok(written[0]?.includes(`${paint}[33mWARNING${paint}[`), written[0]);
    assert.ok(!read(cwd, 'app.log').includes(paint));
  });
});

/** A terminal, with its output in `written`. */
function terminalOf(written: string[], columns: number, colors = false): StatusLine {
  return createStatusLine({
    isTTY: true,
    columns,
    hasColors: () => colors,
    write: (chunk) => written.push(chunk),
    on: () => {},
  });
}

test('in its short form the console shows sentences without details, in lines of its width', async () => {
  await inFolder({}, async (cwd) => {
    const written: string[] = [];
    const { log } = open(cwd, {}, terminalOf(written, 42), 'short');
    const stream = log.component('stream');
    stream.info('run a: 5 workers');
    stream.detail.info('consultas: inserted +50');
    stream.detail.error('attempt 3/5');
    stream.warning('pacientes: unique_violation cpf=*** duplicated — row skipped');
    stream.error('look at `ledger resolve 20261129` and at its log:\n  a line\n  another line');
    stream.hint('a sign of life');
    stream.hint('the server is lost', 'ERROR');
    await log.close();
    assert.deepEqual(written, [
      'run a: 5 workers\n',
      'warning: pacientes: unique_violation\n  cpf=*** duplicated — row skipped\n',
      'error: look at `ledger resolve 20261129`\n  and at its log:\n  a line\n  another line\n',
      'a sign of life\n',
      'error: the server is lost\n',
    ]);
    const app = read(cwd, 'app.log');
    for (const line of ['INFO oltp.simulator [stream] - consultas', 'ERROR oltp.simulator']) {
      assert.ok(app.includes(line), app);
    }
    assert.match(app, / - pacientes: unique_violation cpf=\*{3} duplicated — row skipped\n/);
    assert.doesNotMatch(app, /sign of life/);
    assert.match(read(cwd, 'errors.log'), /attempt 3\/5/);
  });
});

test('in its short form the console paints the level alone', async () => {
  await inFolder({}, async (cwd) => {
    const written: string[] = [];
    const { log } = open(cwd, {}, terminalOf(written, 80, true), 'short');
    log.component('cli').error('lost');
    await log.close();
    assert.deepEqual(written, ['\u001b[31merror\u001b[0m: lost\n']);
  });
});

test('in its full form the console shows details, and hints only at the level DEBUG', async () => {
  await inFolder({}, async (cwd) => {
    const { log, lines } = open(cwd, { level: 'DEBUG' });
    log.component('cli').detail.info('detail');
    log.component('cli').hint('hint');
    await log.close();
    assert.match(lines.join(''), / INFO .* - detail\n.* DEBUG .* - hint\n$/);
  });
});

test('text times are local', async () => {
  await inFolder({}, async (cwd) => {
    const { log, lines } = open(cwd);
    const before = new Date();
    log.component('cli').info('now');
    const shown = new Date((lines[0] ?? '').slice(0, 23).replace(' ', 'T').replace(',', '.'));
    assert.ok(Math.abs(shown.getTime() - before.getTime()) < DEADLINE_MS);
    await log.close();
  });
});

test('the JSON form is one object a line, with ISO time, level name, component and fields', async () => {
  await inFolder({}, async (cwd) => {
    const { log, lines } = open(cwd, { format: 'json', level: 'DEBUG' });
    log.component('stream').debug('batch', { table: 'exames', rows: 50 });
    await log.close();
    const { time, ...rest } = JSON.parse(lines[0] ?? '');
    assert.equal(new Date(time).toISOString(), time);
    assert.deepEqual(rest, {
      level: 'DEBUG',
      name: 'oltp.simulator',
      component: 'stream',
      msg: 'batch',
      table: 'exames',
      rows: 50,
    });
    assert.equal(read(cwd, 'stream.log'), lines.join(''));
  });
});

test("yesterday's file is renamed, and only the newest files are kept", async () => {
  await inFolder({}, async (cwd) => {
    const dayMs = 86_400_000;
    for (let day = 4; day >= 0; day--) {
      const { log } = open(cwd, { backupCount: 2 });
      log.component('cli').info(`day ${day}`);
      await log.close();
      const then = new Date(Date.now() - day * dayMs);
      utimesSync(join(cwd, 'app.log'), then, then);
    }
    assert.match(read(cwd, 'app.log'), /day 0\n$/);
    const kept = readdirSync(cwd).filter((name) => /^app\.log\.\d{4}-\d\d-\d\d/.test(name));
    assert.deepEqual(
      kept.sort().map((name) => read(cwd, name).match(/day \d/)?.[0]),
      ['day 2', 'day 1'],
    );
  });
});

test('with rotation off, an old file is written on', async () => {
  await inFolder({ 'app.log': 'old\n' }, async (cwd) => {
    utimesSync(join(cwd, 'app.log'), new Date(0), new Date(0));
    const { log } = open(cwd, { rotateWhen: 'never' });
    log.component('cli').info('new');
    await log.close();
    assert.match(read(cwd, 'app.log'), /^old\n.* - new\n$/);
  });
});

test('two programs write the same files, and no line of either is lost', async () => {
  await inFolder({}, async (cwd) => {
    const both = [open(cwd), open(cwd)];
    for (let count = 0; count < 100; count++) {
      for (const { log } of both) log.component('stream').info(`line ${count}`);
    }
    await Promise.all(both.map(({ log }) => log.close()));
    assert.equal(read(cwd, 'app.log').split('\n').length - 1, 200);
  });
});

test("programs that rename yesterday's file at the same moment lose no line", async () => {
  await inFolder({ 'app.log': 'old\n' }, async (cwd) => {
    utimesSync(join(cwd, 'app.log'), new Date(0), new Date(0));
    const script = `
      import { existsSync, writeFileSync } from 'node:fs';
      import { LogFile } from '${new URL('../../../src/log/log-file.js', import.meta.url).href}';
      writeFileSync('ready.' + process.pid, '');
      while (!existsSync('go')) await new Promise(setImmediate);
      const file = new LogFile('app.log', { when: 'midnight', keep: 7 }, console.error);
      for (let count = 0; count < 100; count++) file.write(process.pid + ' ' + count + '\\n');
      await file.close();`;
    const programs = Array.from({ length: 4 }, () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { cwd }),
    );
    const named = (start: string) => readdirSync(cwd).filter((name) => name.startsWith(start));
    await until(() => named('ready.').length === programs.length);
    writeFileSync(join(cwd, 'go'), '');
    await Promise.all(programs);
    const lines = named('app.log').flatMap((name) => read(cwd, name).split('\n').slice(0, -1));
    assert.equal(new Set(lines).size, 401);
  });
});

test('a file that is moved away is made again at its place', async () => {
  await inFolder({}, async (cwd) => {
    const { log } = open(cwd);
    const path = join(cwd, 'app.log');
    log.component('cli').info('before');
    await until(() => existsSync(path) && read(path).includes('before'));
    renameSync(path, join(cwd, 'moved.log'));
    await until(() => {
      log.component('cli').info('after');
      return existsSync(path) && read(path).includes('after');
    });
    await log.close();
    assert.match(read(cwd, 'moved.log'), /before/);
  });
});

test('if the folder cannot be made, the console goes on, after one warning for each file', async () => {
  await inFolder({ logs: 'a file stands in the way' }, async (cwd) => {
    const { log, lines } = open(join(cwd, 'logs'));
    for (let count = 0; count < 3; count++) log.component('stream').error(`work ${count}`);
    await until(() => lines.filter((line) => line.includes('going on without')).length === 3);
    log.component('stream').error('work goes on');
    await log.close();
    const warnings = lines.filter((line) => line.includes('going on without'));
    for (const file of ['app.log', 'stream.log', 'errors.log']) {
      assert.equal(warnings.filter((line) => line.includes(file)).length, 1, file);
    }
    assert.equal(lines.filter((line) => / - work /.test(line)).length, 4);
  });
});

test('a file system that answers ENOENT for a folder whose parent exists does not hang the program', {
  skip: existsSync('/proc/self') ? false : 'no /proc here',
}, async () => {
  const { log, lines } = open('/proc/nowhere');
  log.component('stream').error('work');
  await until(() => lines.filter((line) => line.includes('going on without')).length === 3);
  await log.close();
});

test('a full disk costs the file, one warning, and nothing else', async () => {
  await inFolder({}, async (cwd) => {
    const url = (path: string) => new URL(path, import.meta.url).href;
    const script = `
      import { createLog } from '${url('../../../src/log/logger.js')}';
      import { createStatusLine } from '${url('../../../src/log/status-line.js')}';
      import { messagesIn } from '${url('../../../src/messages/index.js')}';
      const log = createLog({
        settings: { level: 'INFO', format: 'text', dir: 'logs', rotateWhen: 'midnight', backupCount: 7 },
        form: 'full',
        messages: messagesIn('en'),
        console: createStatusLine(process.stderr),
      });
      for (let count = 0; count < 40; count++) {
        log.component('seed').info('x'.repeat(100));
        await new Promise(setImmediate);
      }
      await log.close();
      console.log('done');`;
    // No file of this process may grow beyond one block, as on a full disk.
    const { stdout, stderr } = await promisify(execFile)(
      'bash',
      ['-c', 'ulimit -f 1; exec "$0" --input-type=module --eval "$1"', process.execPath, script],
      { cwd },
    );
    assert.equal(stdout, 'done\n');
    assert.equal(stderr.match(/app\.log cannot be written \(EFBIG/g)?.length, 1);
    assert.equal(stderr.match(/x{100}\n/g)?.length, 40);
    assert.ok(read(cwd, 'logs', 'errors.log').includes('app.log cannot be written'));
  });
});
