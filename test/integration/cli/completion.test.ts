import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { COMMANDS } from '../../../src/settings/commands.js';
import { acceptedFlags, COMMON_FLAGS, FILE_FLAG_NAMES } from '../../../src/settings/flags.js';
import { runCli } from '../../helpers/cli.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

const NAMED = '20261124-080000-c3d4-nightly';
const OTHER = '20261125-080000-e5f6';

/** Stands between the offers for two lines. */
const NEXT = '-- next --';

/** Loads the script $1, and prints what bash offers at the end of each of the other lines. */
const BASH = `source "$1"; shift
for line; do
  read -ra COMP_WORDS <<< "$line"
  [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  declared=$(complete -p "\${COMP_WORDS[0]}"); declared=\${declared##*-F }
  \${declared%% *} "\${COMP_WORDS[0]}" "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
  printf '%s\\n' "\${COMPREPLY[@]}" '${NEXT}'
done`;

/** Loads the script $1 in an interactive zsh, and types each of the other lines and a tab; $2: a file to write to. */
const ZSH = `zmodload zsh/zpty
zpty shell "SCRIPT=$1 OUT=$2 zsh -f -i"
cat > $2.rc <<'RC'
PROMPT=
autoload -U compinit
compinit -u -D
source $SCRIPT
bindkey '^I' complete-word
zstyle ':completion:*' insert-tab false
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a offered
  builtin compadd -A offered "$@"
  (( $#offered )) && print -rl -- $offered >> $OUT
}
after() { print -r -- '${NEXT}' >> $OUT; comppostfuncs=(after) }
comppostfuncs=(after)
RC
zpty -w shell "source $2.rc"
integer lines=0
for line in "\${@[3,-1]}"; do
  zpty -w -n shell "$line"$'\\t'
  (( lines++ ))
  until (( $(grep -c -e '^${NEXT}$' $2) == lines )); do zpty -r -t shell _ || sleep 0.01; done
  zpty -w -n shell $'\\C-u'
done
cat $2`;

/** Loads the script $1, and prints what fish offers at the end of each of the other lines. */
const FISH = `source $argv[1]
for line in $argv[2..-1]
    complete -C $line | string replace -r '\\t.*' ''
    echo -- '${NEXT}'
end`;

/** The command of a shell that runs one of the programs above. */
const SHELLS: Readonly<Record<string, (script: string, scratch: string) => string[]>> = {
  bash: (script) => ['-c', BASH, 'bash', script],
  zsh: (script, scratch) => ['-f', '-c', ZSH, 'zsh', script, scratch],
  fish: (script) => ['--no-config', '-c', FISH, script],
};

const exec = promisify(execFile);
/** A shell that waits for something would wait for ever. */
const PATIENCE_MS = 60_000;

/** Everything that a shell offers at the end of each line, in a folder. */
async function offersOf(shell: string, lines: readonly string[], cwd: string): Promise<string[][]> {
  const { code, stdout: text } = await runCli(['completion', shell], { cwd });
  assert.equal(code, 0);
  return withTempFolder(async (folder) => {
    const script = join(folder, 'script');
    const scratch = join(folder, 'offered');
    await writeFile(script, text);
    await writeFile(scratch, '');
    const args = [...(SHELLS[shell]?.(script, scratch) ?? []), ...lines];
    const { PATH = '' } = process.env;
    const env = { PATH, HOME: folder, TERM: 'xterm' };
    const { stdout } = await exec(shell, args, { cwd, env, timeout: PATIENCE_MS });
    const parts = stdout.split(`${NEXT}\n`).slice(0, lines.length);
    return parts.map((part) =>
      [...new Set(part.split('\n').filter((offer) => offer !== ''))].sort(),
    );
  });
}

/** Lines, and everything that is offered at their ends. Shells differ in whether a list is offered with its beginning. */
const CASES: readonly (readonly [line: string, offers: readonly string[]])[] = [
  ['oltp-simulator str', ['stream']],
  ['oltp-simulator ', COMMANDS],
  ['oltp-simulator help co', ['completion', 'config', 'counts']],
  ['oltp-simulator stream --ra', ['--rate']],
  ['oltp-simulator seed --ra', []],
  ['oltp-simulator config show --jit', ['--jitter']],
  ['oltp-simulator stream --lang ', ['en', 'pt-BR']],
  ['oltp-simulator stream --log-level D', ['DEBUG']],
  ['oltp-simulator start --arrivals ', ['even', 'poisson']],
  ['oltp-simulator stream --on-lag q', ['queue']],
  ['oltp-simulator stream --rate ', ['cycle', 'max']],
  ['oltp-simulator stream --workers ', []],
  ['oltp-simulator stream --hazard sa', ['same-row', 'savepoints']],
  ['oltp-simulator stream --only v', ['vinculo']],
  ['oltp-simulator seed --with ', ['prontuario']],
  ['oltp-simulator stream --with p', ['prontuario']],
  ['oltp-simulator stream --only consulta,ex', ['exame']],
  ['oltp-simulator stream --profile s', ['smoke', 'soak', 'spike', 'stairs']],
  ['oltp-simulator stream --junit res', ['results.xml']],
  ['oltp-simulator ledger ', ['check', 'resolve', 'show']],
  ['oltp-simulator --lang en ledger check ', [NAMED, OTHER, 'nightly']],
  ['oltp-simulator runs prune ', []],
  ['oltp-simulator report ', [NAMED, OTHER, 'nightly']],
  ['oltp-simulator report nightly 2', [NAMED, OTHER]],
  ['oltp-simulator verify n', ['next', 'nightly']],
  ['oltp-simulator runs show n', ['nightly']],
  ['oltp-simulator completion ', ['bash', 'fish', 'zsh']],
  ['npx oltp-simulator runs sh', ['show']],
];

test("a script comes also where the files of settings are another program's", () =>
  withTempFolder(async (cwd) => {
    await mkdir(join(cwd, 'config'));
    await writeFile(join(cwd, 'config', 'settings.toml'), '[database]\nurl = "x"\n');
    const { code, stdout, stderr } = await runCli(['completion', 'bash'], { cwd });
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^complete -F /m);
    assert.equal((await runCli(['completion', 'bash', '--nope'], { cwd })).code, 2);
  }));

for (const shell of Object.keys(SHELLS)) {
  const skip = spawnSync(shell, ['--version']).error === undefined ? false : `no ${shell} here`;
  test(`${shell} completes commands, options, their values, files and runs`, { skip }, () =>
    withTempFolder(async (cwd) => {
      for (const run of [NAMED, OTHER]) {
        await mkdir(join(cwd, 'logs', 'runs', run), { recursive: true });
      }
      await mkdir(join(cwd, 'config', 'profiles'), { recursive: true });
      await writeFile(join(cwd, 'config', 'profiles', 'stairs.toml'), '');
      await writeFile(join(cwd, 'results.xml'), '');
      const lines = CASES.map(([line]) => line);
      for (const [at, offered] of (await offersOf(shell, lines, cwd)).entries()) {
        const [line, offers] = CASES[at] ?? ['', []];
        const words = offered.map((offer) => offer.replace(/^.*,/, ''));
        assert.deepEqual(words, [...offers].sort(), line);
      }
    }),
  );

  test(`${shell} offers every option of a command`, { skip }, () =>
    withTempFolder(async (cwd) => {
      const common = [...FILE_FLAG_NAMES, ...COMMON_FLAGS.settings, ...COMMON_FLAGS.switches];
      const lines = COMMANDS.map((command) => `oltp-simulator ${command} --`);
      const offered = await offersOf(shell, lines, cwd);
      for (const [at, command] of COMMANDS.entries()) {
        const { settings, switches } = acceptedFlags(command);
        const flags = new Set([...settings, ...switches, ...common]);
        const long = offered[at]?.filter((offer) => offer.startsWith('--'));
        assert.deepEqual(long, [...flags].map((name) => `--${name}`).sort(), command);
      }
      // A shell asks for the script wherever it starts.
      assert.deepEqual(await readdir(cwd), []);
    }),
  );
}
