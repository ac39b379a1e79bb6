import { EXIT, OperatorError } from '../../errors.js';
import { findNearest } from '../../lib/nearest.js';
import { type ActionOf, actionsOf, type CommandWithActions } from '../../settings/commands.js';
import type { Command } from './context.js';

/**
 * The command that runs the action which its first word names. The action gets the words after it as its names: one,
 * where it takes a run.
 */
export function runAction<C extends CommandWithActions>(
  command: C,
  actions: Readonly<Record<ActionOf<C>, Command>>,
): Command {
  const known = actionsOf(command) ?? {};
  const words = Object.keys(known);
  return async (context) => {
    const [given, ...names] = context.names;
    if (given === undefined) {
      throw new OperatorError(EXIT.usage, (m) => m.settings.noAction(command, words));
    }
    if (!isAction<C>(given, known)) {
      const nearest = findNearest(given, words);
      throw new OperatorError(EXIT.usage, (m) =>
        m.settings.unknownAction(command, given, nearest, words),
      );
    }
    const takesRun = known[given] !== null;
    const stray = names[takesRun ? 1 : 0];
    if (stray !== undefined) {
      throw new OperatorError(EXIT.usage, (m) =>
        m.settings.strayName(`${command} ${given}`, stray, takesRun),
      );
    }
    return actions[given]({ ...context, names });
  };
}

function isAction<C extends CommandWithActions>(
  word: string,
  known: Readonly<Record<string, unknown>>,
): word is ActionOf<C> {
  return Object.hasOwn(known, word);
}
