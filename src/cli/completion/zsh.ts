import {
  type CommandCompletion,
  type Completions,
  type FlagCompletion,
  FUNCTION,
  PROGRAM,
  RUN_ID,
} from './completions.js';

/** The completion script for zsh. */
export function zshScript({ commands, common, profiles }: Completions): string {
  return `#compdef ${PROGRAM}
# Completion of ${PROGRAM} for zsh. In ~/.zshrc, after compinit: source <(${PROGRAM} completion zsh)

${FUNCTION}() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  local -a common
  common=(
${specs(common)}
  )
  _arguments -C $common ':command:${FUNCTION}_commands' '*::argument:->rest'
  [[ $state == rest ]] || return
  case $words[1] in
${commands.map(commandCase).join('\n')}
  esac
}

${FUNCTION}_commands() {
  local -a commands
  commands=(
${commands.map(({ name, about }) => `    ${quoted(`${name}:${about}`)}`).join('\n')}
  )
  _describe -t commands command commands
}

# The words given, and runs by id and by name, the newest first: ids sort by time.
${FUNCTION}_runs() {
  local -a runs named
  runs=(\${LOG_DIR:-logs}/runs/*(N/On:t))
  named=(\${(u)\${(M)runs:#${RUN_ID}-*}#${RUN_ID}-})
  compadd -V runs -- $@ $named $runs
}

${FUNCTION}_profiles() {
  local -a profiles
  profiles=(${profiles.join(' ')} config/profiles/*.toml(N:t:r))
  compadd -a profiles
  _files -g '*.toml'
}

# npx ${PROGRAM} …
${FUNCTION}_npx() {
  if [[ $words[2] == ${PROGRAM} ]] && (( CURRENT > 2 )); then
    shift words
    (( CURRENT-- ))
    ${FUNCTION}
  else
    _default
  fi
}

if [[ $funcstack[1] == _${PROGRAM} ]]; then
  ${FUNCTION} "$@"
else
  compdef ${FUNCTION} ${PROGRAM}
  (( $+_comps[npx] )) || compdef ${FUNCTION}_npx npx
fi
`;
}

function commandCase(command: CommandCompletion): string {
  const lines = [...wordSpecs(command), ...command.flags.map(spec)].map(
    (one) => ` \\\n      ${one}`,
  );
  return `  ${command.name})
    _arguments $common${lines.join('')}
    ;;`;
}

/** The words after a command, as `_arguments` takes them. */
function wordSpecs({ name, actions, words, instead }: CommandCompletion): string[] {
  if (actions !== null) {
    const { all, ofRun } = actions;
    const first = quoted(`1:${name}:(${all.join(' ')})`);
    if (ofRun.length === 0) return [first];
    const test = ofRun.map((action) => `$words[2] == ${action}`).join(' || ');
    return [first, quoted(`2:run:{[[ ${test} ]] && ${FUNCTION}_runs}`)];
  }
  if (words === 'command') return [quoted(`1:command:${FUNCTION}_commands`)];
  if (words === 'run') return [quoted(`1:run:{${FUNCTION}_runs ${instead ?? ''}}`)];
  return words === 'runs' ? [quoted(`*:run:{${FUNCTION}_runs}`)] : [];
}

function specs(flags: readonly FlagCompletion[]): string {
  return flags.map((flag) => `    ${spec(flag)}`).join('\n');
}

/** A flag as `_arguments` takes it. One with a short form gets two. */
function spec({ name, short, about, value, isRepeatable }: FlagCompletion): string {
  const text = `[${about.replaceAll(/[[\]\\:]/g, '\\$&')}]`;
  const once = isRepeatable ? '*' : '';
  if (value === null) {
    const long = quoted(`${once}--${name}${text}`);
    return short === null ? long : `${long} ${quoted(`-${short}${text}`)}`;
  }
  const message = value.placeholder.replaceAll(':', '\\:');
  return quoted(`${once}--${name}${text}:${message}:${action(value)}`);
}

function action(value: NonNullable<FlagCompletion['value']>): string {
  switch (value.kind) {
    case 'words':
      return value.isList
        ? `{_values -s , ${value.placeholder} ${value.words.join(' ')}}`
        : `(${value.words.join(' ')})`;
    case 'file':
      return '_files';
    case 'profile':
      return `${FUNCTION}_profiles`;
    case 'text':
      return ' ';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
