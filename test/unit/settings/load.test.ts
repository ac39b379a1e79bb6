import assert from 'node:assert/strict';
import test from 'node:test';
import { parseArguments } from '../../../src/cli/arguments.js';
import { languageOf, readSources } from '../../../src/settings/resolve.js';
import type { Variables } from '../../../src/settings/variables.js';
import { complaint, inFolder, load } from './helpers.js';

test('a flag beats the environment, which beats .env, which beats settings.toml, which beats the default', async () => {
  const toml = '[stream]\nworkers = 2\nbatch_size = 2\nmax_jitter_ms = 2\nmax_events = 2\n';
  const env = 'STREAM_WORKERS=3\nBATCH_SIZE=3\nMAX_JITTER_MS=3\n';
  await inFolder({ 'config/settings.toml': toml, 'config/.env': env }, (cwd) => {
    const { stream } = load({
      cwd,
      env: { STREAM_WORKERS: '4', BATCH_SIZE: '4' },
      flags: { workers: '5' },
    });
    assert.equal(stream.workers, 5);
    assert.equal(stream.batchSize, 4);
    assert.equal(stream.maxJitterMs, 3);
    assert.equal(stream.maxEvents, 2);
    assert.equal(stream.intervalSeconds, 2);
  });
});

test('settings may begin with a byte order mark, and be in UTF-16; other bytes are refused', async () => {
  const toml = '\ufeff[stream]\nworkers = 2\n';
  const env = '\ufeffBATCH_SIZE=3\n';
  const encodings: readonly ((text: string) => Buffer)[] = [
    (text) => Buffer.from(text),
    (text) => Buffer.from(text.slice(1)),
    (text) => Buffer.from(`\ufeff${text}`),
    (text) => Buffer.from(text, 'utf16le'),
    (text) => Buffer.from(text, 'utf16le').swap16(),
  ];
  for (const encode of encodings) {
    const files = { 'config/settings.toml': encode(toml), 'config/.env': encode(env) };
    await inFolder(files, (cwd) => {
      const { stream } = load({ cwd });
      assert.deepEqual([stream.workers, stream.batchSize], [2, 3]);
    });
  }
  const wrong: readonly Buffer[] = [
    Buffer.from('# configuração\n', 'latin1'),
    Buffer.from(toml.slice(1), 'utf16le'),
    Buffer.from(toml, 'utf16le').subarray(0, 5),
  ];
  for (const bytes of wrong) {
    for (const file of ['config/settings.toml', 'config/.env']) {
      await inFolder({ [file]: bytes }, (cwd) =>
        assert.equal(
          complaint({ cwd }),
          `invalid configuration: ${file}: the file is not text in UTF-8; save it again in UTF-8`,
        ),
      );
    }
  }
});

test('a level that is named is explicit, also the default one', async () => {
  const isExplicit = (inputs: Parameters<typeof load>[0]) => load(inputs).logging.levelIsExplicit;
  assert.equal(isExplicit({}), false);
  assert.equal(isExplicit({ flags: { 'log-level': 'info' } }), true);
  assert.equal(isExplicit({ env: { LOG_LEVEL: 'INFO' } }), true);
  await inFolder({ 'config/settings.toml': '[logging]\nlevel = "INFO"\n' }, (cwd) =>
    assert.equal(isExplicit({ cwd }), true),
  );
});

test('--workers sets the workers of seed and of stream', () => {
  const settings = load({ flags: { workers: '7' } });
  assert.deepEqual([settings.seed.workers, settings.stream.workers], [7, 7]);
});

test('an empty variable counts as not set', () => {
  assert.equal(load({ env: { BATCH_SIZE: '', STREAM_RATE: '' } }).stream.batchSize, 50);
});

test('placeholders come from a flag, a variable, .env and TOML, blanks and commas included', async () => {
  const placeholders = [' a;b', 'c, "d"'];
  const of = (inputs: Parameters<typeof load>[0]) => load(inputs).verify.toastPlaceholders;
  assert.deepEqual(of({}), []);
  assert.deepEqual(of({ flags: { 'toast-placeholder': placeholders.join('\n') } }), placeholders);
  assert.deepEqual(of({ env: { VERIFY_TOAST_PLACEHOLDER: `${placeholders[0]}\n` } }), [' a;b']);
  const env = 'VERIFY_TOAST_PLACEHOLDER=" a;b\\nc, d"\n';
  await inFolder({ 'config/.env': env }, (cwd) => assert.deepEqual(of({ cwd }), [' a;b', 'c, d']));
  const toml = `[verify]\ntoast_placeholder = [" a;b", 'c, "d"']\n`;
  await inFolder({ 'config/settings.toml': toml }, (cwd) =>
    assert.deepEqual(of({ cwd }), placeholders),
  );
  assert.match(
    complaint({ flags: { 'toast-placeholder': 'hex:ff' } }),
    /--toast-placeholder: the value "hex:ff" is not accepted; use .*hex:… the text/,
  );
});

test('values are read as their validator says', () => {
  const { stream, seed, logging } = load({
    flags: {
      rate: '0.5',
      interval: '500ms',
      duration: '5m',
      only: 'exame,Consulta,exame',
      'log-level': 'debug',
    },
    env: { SEED_REFERENCE_DATE: '2024-02-29', STREAM_WEIGHTS: 'consulta=1, exame=2.5' },
  });
  assert.equal(stream.rate, 0.5);
  assert.equal(stream.intervalSeconds, 0.5);
  assert.equal(stream.durationSeconds, 300);
  assert.deepEqual(stream.only, ['exame', 'consulta']);
  assert.equal(stream.weights.exame, 2.5);
  assert.equal(stream.weights.vinculo, 0);
  assert.equal(seed.referenceDate, '2024-02-29');
  assert.equal(logging.level, 'DEBUG');
  assert.equal(load({ flags: { rate: 'max' } }).stream.rate, 'max');
  assert.equal(load({ flags: { rate: 'cycle' } }).stream.rate, null);
  assert.equal(load({ flags: { workers: '007' } }).stream.workers, 7);
});

test('values out of range, or of another shape, are refused with what is allowed', () => {
  const cases: readonly [flag: string, value: string, allowed: string][] = [
    ['workers', '0', 'a whole number from 1 to 256'],
    ['rate', '-5', 'a number above 0'],
    ['rate', 'abc', 'cycle or max'],
    ['rate', '0', 'a number above 0'],
    ['batch-size', '1e9', 'a whole number from 1 to 10000'],
    ['batch-size', '0x10', 'a whole number from 1 to 10000'],
    ['batch-size', '10001', 'a whole number from 1 to 10000'],
    ['interval', '-1', 'seconds from 0'],
    ['interval', '5 parsecs', 'seconds from 0'],
    ['rng', '9007199254740992', 'to 9007199254740991'],
    ['rng', '1.5', 'a whole number'],
    ['only', 'consulta,cirurgia', 'consulta, exame'],
    ['lang', 'fr', 'pt-BR or en'],
    ['log-level', 'LOUD', 'DEBUG, INFO, WARNING or ERROR'],
    ['update-ratio', '1.1', 'a number from 0 to 1'],
  ];
  for (const [flag, value, allowed] of cases) {
    const sentence = complaint({ flags: { [flag]: value } });
    assert.ok(sentence.includes(`--${flag}: the value "${value}"`), sentence);
    assert.ok(sentence.includes(allowed), sentence);
  }
  const days = ['2026-02-30', '2026-13-01', '26-01-01', 'yesterday'];
  for (const value of days) {
    assert.match(complaint({ env: { SEED_REFERENCE_DATE: value } }), /YYYY-MM-DD/);
  }
  for (const value of ['consulta', 'consulta=0', 'consulta=-1', 'cirurgia=1', 'consulta=1=2']) {
    assert.match(complaint({ env: { STREAM_WEIGHTS: value } }), /weights type=number/);
  }
});

test('every problem is reported at once, each with its value and where it stands', async () => {
  const files = {
    'config/settings.toml': '[stream]\nworkers = 0\nworkrs = 3\n[loging]\nlevel = "INFO"\n',
    'config/.env': 'PG_PORT=99999\nBATCH_SISE=3\nPGAPPNAME=x\nPGTZ=UTC\n',
  };
  await inFolder(files, (cwd) => {
    const sentences = complaint({
      cwd,
      flags: { rate: 'abc' },
      env: { MAX_JITTER_MS: '-1', HOME: '/root' },
      problems: [(messages) => messages.settings.unknownFlag('--rat', '--rate')],
    });
    assert.deepEqual(sentences.split('\n').slice(1).sort(), [
      '  - --rat: unknown option; did you mean --rate?',
      '  - --rate: the value "abc" is not accepted; use a number above 0, up to 10000000, or else cycle or max',
      '  - BATCH_SISE in config/.env, line 2: unknown key; did you mean BATCH_SIZE?',
      '  - MAX_JITTER_MS in the environment: the value "-1" is not accepted; use a whole number from 0 to 3600000',
      '  - PG_PORT in config/.env, line 1: the value "99999" is not accepted; use a whole number from 1 to 65535',
      '  - [loging] in config/settings.toml: unknown table; did you mean [logging]?',
      '  - stream.workers in config/settings.toml, line 2: the value "0" is not accepted; use a whole number from 1 to 256',
      '  - stream.workrs in config/settings.toml, line 3: unknown key; did you mean stream.workers?',
    ]);
  });
});

test('a wrong value of a flag that sets two options is reported once', () => {
  assert.equal(complaint({ flags: { workers: '0' } }).split('--workers').length, 2);
});

test('rules between options are checked', () => {
  assert.match(
    complaint({ flags: { 'update-ratio': '0.6', 'delete-ratio': '0.5' } }),
    /--update-ratio = 0\.6 and --delete-ratio = 0\.5: their sum/,
  );
  assert.match(complaint({ env: { STREAM_RECONNECT_BASE_SECONDS: '31' } }), /first wait/);
  assert.match(
    complaint({ flags: { only: 'vinculo' }, env: { STREAM_WEIGHTS: 'consulta=1' } }),
    /--only = vinculo.*weigh 0/,
  );
});

test('a syntax error in TOML is shown with its file, line and text, but never a secret', async () => {
  await inFolder({ 'a.toml': '[stream]\nworkers = = 2\n' }, (cwd) => {
    assert.match(complaint({ cwd, configFile: 'a.toml' }), /a\.toml, line 2: .*`workers = = 2`/);
  });
  await inFolder({ 'a.toml': '[db]\npassword = "hunter2\n' }, (cwd) => {
    const sentence = complaint({ cwd, configFile: 'a.toml' });
    assert.match(sentence, /line 2/);
    assert.doesNotMatch(sentence, /hunter2/);
  });
});

test('a value where settings.toml needs a table is a problem', async () => {
  await inFolder({ 'a.toml': 'stream = 5\n' }, (cwd) => {
    assert.match(complaint({ cwd, configFile: 'a.toml' }), /write \[stream\]/);
  });
});

test('a named file must exist, the usual ones need not', async () => {
  await inFolder({ 'folder/x': '' }, (cwd) => {
    assert.equal(load({ cwd }).stream.workers, 5);
    const sentences = complaint({ cwd, configFile: 'gone.toml', envFile: 'folder' });
    assert.match(sentences, /gone\.toml: the file cannot be read \(ENOENT\)/);
    assert.match(sentences, /folder: the file cannot be read \(EISDIR\)/);
  });
});

test('folders are made absolute from the working directory, and named ones are marked', () => {
  const plain = load({ cwd: '/nowhere' });
  assert.equal(plain.logging.dir, '/nowhere/logs');
  assert.equal(plain.embedded.dir, '/nowhere/.data/postgres');
  assert.deepEqual([plain.embedded.dirIsExplicit, plain.embedded.portIsExplicit], [false, false]);
  const named = load({ env: { PG_EMBEDDED_PORT: '54329', PG_EMBEDDED_DIR: '/data' } });
  assert.deepEqual([named.embedded.dirIsExplicit, named.embedded.portIsExplicit], [true, true]);
});

test('the language is found in every source, also beside wrong settings', async () => {
  const chooseLanguage = (argv: readonly string[], env: Variables, cwd: string) =>
    languageOf(readSources({ ...parseArguments(argv), env, cwd }));
  assert.equal(chooseLanguage([], {}, '/nowhere'), 'en');
  assert.equal(chooseLanguage(['--rate', 'x', '--lang', 'en'], { APP_LANG: 'pt-BR' }, '/'), 'en');
  assert.equal(chooseLanguage(['--lang=en', '--lang=pt-br'], {}, '/nowhere'), 'pt-BR');
  assert.equal(chooseLanguage(['--lang', 'fr'], {}, '/nowhere'), 'en');
  await inFolder({ 'x.env': 'APP_LANG=en\nWHAT=1' }, (cwd) => {
    assert.equal(chooseLanguage(['--env-file', 'x.env'], {}, cwd), 'en');
  });
});

const LOCALES: readonly (readonly [env: Variables, language: string])[] = [
  [{ LANG: 'pt_BR.UTF-8' }, 'pt-BR'],
  [{ LANG: 'pt' }, 'pt-BR'],
  [{ LANG: 'pt_PT@euro' }, 'pt-BR'],
  [{ LANG: 'en_US.UTF-8' }, 'en'],
  [{ LANG: 'C' }, 'en'],
  [{ LANG: 'ptolemy' }, 'en'],
  [{ LANG: '' }, 'en'],
  [{ LC_MESSAGES: 'pt_BR.UTF-8', LANG: 'de_DE.UTF-8' }, 'pt-BR'],
  [{ LC_ALL: 'C.UTF-8', LC_MESSAGES: 'pt_BR.UTF-8', LANG: 'pt_BR.UTF-8' }, 'en'],
  [{ LC_ALL: '', LANG: 'pt_BR.UTF-8' }, 'pt-BR'],
  [{ LC_CTYPE: 'pt_BR.UTF-8' }, 'en'],
  [{ APP_LANG: 'en', LC_ALL: 'pt_BR.UTF-8' }, 'en'],
];

test('without a setting, the locale decides the language', async () => {
  for (const [env, language] of LOCALES) {
    const { app } = load({ env, cwd: '/nowhere' });
    assert.equal(app.lang, language, JSON.stringify(env));
  }
  await inFolder({ 'x.toml': '[app]\nlang = "en"\n' }, (cwd) => {
    assert.equal(load({ cwd, configFile: 'x.toml', env: { LANG: 'pt_BR' } }).app.lang, 'en');
  });
});

test('a line of .env that is no assignment is a problem, shown by its number only', async () => {
  const env = '# a comment\n\nexport LOG_LEVEL=INFO\nPG_HOST localhost\n  PG_PORT = 5433\n';
  await inFolder({ 'x.env': env }, (cwd) => {
    const sentence = complaint({ cwd, envFile: 'x.env' });
    assert.match(sentence, /x\.env, line 4: neither/);
    assert.doesNotMatch(sentence, /line [1235]|localhost/);
  });
});
