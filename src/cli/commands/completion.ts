import { EXIT } from '../../errors.js';
import { bashScript } from '../completion/bash.js';
import { type Completions, completionsOf } from '../completion/completions.js';
import { fishScript } from '../completion/fish.js';
import { zshScript } from '../completion/zsh.js';
import { runAction } from './actions.js';
import type { Command } from './context.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** `completion bash|zsh|fish`: prints the script that completes the program's words in a shell. */
export const run: Command = runAction('completion', {
  bash: printScript('bash'),
  zsh: printScript('zsh'),
  fish: printScript('fish'),
});

function printScript(shell: keyof typeof SCRIPTS): Command {
  const render: (completions: Completions) => string = SCRIPTS[shell];
  return async ({ messages, print }) => {
    const script = render(completionsOf(messages));
    print({ json: { shell, script }, text: script });
    return EXIT.done;
  };
}
