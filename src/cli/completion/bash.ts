import {
  type CommandCompletion,
  type Completions,
  type FlagCompletion,
  FUNCTION,
  flagsOfAll,
  PROGRAM,
  RUN_ID,
} from './completions.js';

/** The completion script for bash, from version 3.2 on. */
export function bashScript(completions: Completions): string {
  const { commands, common, profiles } = completions;
  const names = commands.map(({ name }) => name).join(' ');
  const all = flagsOfAll(completions);
  const withValue = all.filter(({ value }) => value !== null).map(({ name }) => `--${name}`);
  return `# Completion of ${PROGRAM} for bash. In ~/.bashrc: source <(${PROGRAM} completion bash)

${FUNCTION}() {
  local IFS=$' \\t\\n' cur=$2 flag= flags command word at
  local -a words=()
  [[ $cur == = ]] && cur=
  # The words before the cursor, without flags and their values. A flag that still waits for its value is \`flag\`.
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    case $word in
    =) ;;
    -*)
      flag=
      [[ ' ${withValue.join(' ')} ' == *" $word "* ]] && flag=$word
      ;;
    *)
      if [[ -n $flag ]]; then flag=; else words+=("$word"); fi
      ;;
    esac
  done
  # npx ${PROGRAM} …
  [[ \${words[0]-} == ${PROGRAM} ]] && words=("\${words[@]:1}")
  command=\${words[0]-}

  COMPREPLY=()
  if [[ -n $flag ]]; then
    case $flag in
${valueCases(all)}
    --profile)
      ${FUNCTION}_offer "${profiles.join(' ')} $(${FUNCTION}_names config/profiles .toml)"
      ${FUNCTION}_files
      ;;
    esac
    return
  fi
  if [[ $cur == -* ]]; then
    flags='${dashed(common)}'
    case $command in
${commands
  .filter(({ flags }) => flags.length > 0)
  .map(({ name, flags }) => `    ${name}) flags+=' ${dashed(flags)}' ;;`)
  .join('\n')}
    esac
    ${FUNCTION}_offer "$flags"
    return
  fi
  case \${#words[@]}:$command in
  0:) ${FUNCTION}_offer '${names}' ;;
${commands.flatMap((command) => wordCases(command, names)).join('\n')}
  esac
}

# Offers the words of a list that begin with what was typed.
${FUNCTION}_offer() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

# The same for the last part of a list with commas.
${FUNCTION}_offer_list() {
  local last=\${cur##*,}
  COMPREPLY=($(compgen -P "\${cur%"$last"}" -W "$1" -- "$last"))
  compopt -o nospace 2>/dev/null
}

${FUNCTION}_files() {
  local IFS=$'\\n'
  COMPREPLY+=($(compgen -f -- "$cur"))
  compopt -o filenames 2>/dev/null
}

# Names in a folder that end so, without the ending.
${FUNCTION}_names() {
  local path
  for path in "$1"/*"$2"; do
    [[ -e $path ]] || continue
    path=\${path##*/}
    printf '%s\\n' "\${path%"$2"}"
  done
}

# Runs, by id and by name, and the words given.
${FUNCTION}_runs() {
  local run names=$*
  for run in "\${LOG_DIR:-logs}"/runs/*/; do
    [[ -d $run ]] || continue
    run=\${run%/}
    run=\${run##*/}
    names+=" $run"
    [[ $run == ${RUN_ID}-* ]] && names+=" \${run#${RUN_ID}-}"
  done
  ${FUNCTION}_offer "$names"
}

complete -F ${FUNCTION} ${PROGRAM}

# npx ${PROGRAM} …, unless something else completes npx.
${FUNCTION}_npx() {
  [[ \${COMP_WORDS[1]} == ${PROGRAM} && COMP_CWORD -gt 1 ]] && ${FUNCTION} "$@"
}
complete -p npx &>/dev/null || complete -o default -F ${FUNCTION}_npx npx
`;
}

function dashed(flags: readonly FlagCompletion[]): string {
  return flags
    .flatMap(({ name, short }) => [`--${name}`, ...(short === null ? [] : [`-${short}`])])
    .join(' ');
}

/** A case for each flag that has values to offer. */
function valueCases(flags: readonly FlagCompletion[]): string {
  const files = flags.filter(({ value }) => value?.kind === 'file').map(({ name }) => `--${name}`);
  const cases = flags.flatMap(({ name, value }) =>
    value?.kind === 'words'
      ? [
          `    --${name}) ${FUNCTION}_offer${value.isList ? '_list' : ''} '${value.words.join(' ')}' ;;`,
        ]
      : [],
  );
  return [...cases, `    ${files.join(' | ')}) ${FUNCTION}_files ;;`].join('\n');
}

/** Cases by the number of words and the command: the words that may come next. */
function wordCases(command: CommandCompletion, names: string): string[] {
  const { name, actions, words, instead } = command;
  if (actions !== null) {
    const { all, ofRun } = actions;
    const first = `  1:${name}) ${FUNCTION}_offer '${all.join(' ')}' ;;`;
    const second = `  2:${name}) [[ ' ${ofRun.join(' ')} ' == *" \${words[1]} "* ]] && ${FUNCTION}_runs ;;`;
    return ofRun.length === 0 ? [first] : [first, second];
  }
  if (words === 'command') return [`  1:${name}) ${FUNCTION}_offer '${names}' ;;`];
  if (words === 'run') return [`  1:${name}) ${FUNCTION}_runs ${instead ?? ''};;`];
  return words === 'runs' ? [`  *:${name}) ${FUNCTION}_runs ;;`] : [];
}
