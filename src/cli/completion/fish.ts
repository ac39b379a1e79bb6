import {
  type CommandCompletion,
  type Completions,
  type FlagCompletion,
  FUNCTION,
  flagsOfAll,
  PROGRAM,
} from './completions.js';

/** Fish keeps names with two underscores for functions that nobody types. */
const WORDS = `_${FUNCTION}_words`;
const AFTER = `_${FUNCTION}_after`;
const RUNS = `_${FUNCTION}_runs`;
const PROFILES = `_${FUNCTION}_profiles`;
const NPX = `_${FUNCTION}_npx`;

/** The completion script for fish. */
export function fishScript(completions: Completions): string {
  const { commands, common, profiles } = completions;
  const withValue = flagsOfAll(completions)
    .filter(({ value }) => value !== null)
    .map(({ name }) => `--${name}`);
  return `# Completion of ${PROGRAM} for fish:
# ${PROGRAM} completion fish > ~/.config/fish/completions/${PROGRAM}.fish

# The words before the cursor, without flags and their values.
function ${WORDS}
    set -l isvalue no
    for word in (commandline -opc)
        if test $isvalue = yes
            set isvalue no
        else if contains -- $word ${withValue.join(' ')}
            set isvalue yes
        else if not string match -q -- '-*' $word; and not contains -- $word npx ${PROGRAM}
            echo $word
        end
    end
end

# Is this the command, with so many words before the cursor? Without a number: with any.
function ${AFTER}
    set -l words (${WORDS})
    test (count $words) -gt 0; and test $words[1] = $argv[1]
    and begin
        test (count $argv) -eq 1; or test (count $words) -eq $argv[2]
    end
    and begin
        test (count $argv) -lt 3; or contains -- $words[2] $argv[3..-1]
    end
end

function ${RUNS}
    set -l logs logs
    set -q LOG_DIR; and set logs $LOG_DIR
    for run in $logs/runs/*/
        set -l id (basename $run)
        echo $id
        string replace -rf '^\\d{8}-\\d{6}-[0-9a-f]{4}-' '' -- $id
    end
end

function ${PROFILES}
    printf '%s\\n' ${profiles.join(' ')}
    for file in config/profiles/*.toml
        basename $file .toml
    end
end

# npx ${PROGRAM} …
function ${NPX}
    complete -C (string replace -r '^.*?(?=${PROGRAM} )' '' -- (commandline -cp))
end

complete -c ${PROGRAM} -e
complete -c ${PROGRAM} -f
complete -c npx -n 'contains -- ${PROGRAM} (commandline -opc)' -f -a '(${NPX})'

${common.map((flag) => flagLine(flag, null)).join('\n')}

${commands
  .map(
    ({ name, about }) =>
      `complete -c ${PROGRAM} -n 'test (count (${WORDS})) -eq 0' -a ${name} -d ${quoted(about)}`,
  )
  .join('\n')}

${commands
  .flatMap((command) => [
    ...wordLines(command, commands),
    ...command.flags.map((flag) => flagLine(flag, command.name)),
  ])
  .join('\n')}
`;
}

/** Lines that offer the words after a command. */
function wordLines(
  { name, actions, words, instead }: CommandCompletion,
  commands: readonly CommandCompletion[],
): string[] {
  const line = (test: string, offered: string) =>
    `complete -c ${PROGRAM} -n '${AFTER} ${test}' -a ${quoted(offered)}`;
  if (actions !== null) {
    const { all, ofRun } = actions;
    return [
      line(`${name} 1`, all.join(' ')),
      ...(ofRun.length === 0 ? [] : [line(`${name} 2 ${ofRun.join(' ')}`, `(${RUNS})`)]),
    ];
  }
  if (words === 'command') return [line(`${name} 1`, commands.map((one) => one.name).join(' '))];
  if (words === 'run') return [line(`${name} 1`, `(${RUNS}) ${instead ?? ''}`.trim())];
  return words === 'runs' ? [line(name, `(${RUNS})`)] : [];
}

/** `command`: null for a flag of every command. */
function flagLine({ name, short, about, value }: FlagCompletion, command: string | null): string {
  return [
    `complete -c ${PROGRAM}`,
    ...(command === null ? [] : [`-n '${AFTER} ${command}'`]),
    `-l ${name}`,
    ...(short === null ? [] : [`-s ${short}`]),
    ...(value === null ? [] : [valuePart(value)]),
    `-d ${quoted(about)}`,
  ].join(' ');
}

function valuePart(value: NonNullable<FlagCompletion['value']>): string {
  switch (value.kind) {
    case 'words':
      return value.isList
        ? `-x -a '(__fish_append , ${value.words.join(' ')})'`
        : `-x -a '${value.words.join(' ')}'`;
    case 'file':
      return '-r -F';
    case 'profile':
      return `-r -F -a '(${PROFILES})'`;
    case 'text':
      return '-x';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
