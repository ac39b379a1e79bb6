import { EXIT, OperatorError } from '../../errors.js';
import { findNearest } from '../../lib/nearest.js';
import type { Command, CommandContext } from './context.js';

/** What can be done with a ledger; each is loaded when it is asked for. */
const ACTIONS: Readonly<
  Record<string, () => Promise<{ run: (context: CommandContext) => ReturnType<Command> }>>
> = {
  show: () => import('./ledger-show.js'),
  resolve: () => import('./ledger-resolve.js'),
  check: () => import('./ledger-check.js'),
};

/** `ledger ACTION [RUN]`: the action gets the run as its only name. */
export const run: Command = async (context) => {
  const [given, ...names] = context.names;
  const actions = Object.keys(ACTIONS);
  if (given === undefined) {
    throw new OperatorError(EXIT.usage, (m) => m.ledger.noAction({ actions }));
  }
  const action = Object.hasOwn(ACTIONS, given) ? ACTIONS[given] : undefined;
  if (action === undefined) {
    const nearest = findNearest(given, actions);
    throw new OperatorError(EXIT.usage, (m) => m.ledger.unknownAction({ given, nearest, actions }));
  }
  const [, stray] = names;
  if (stray !== undefined) {
    throw new OperatorError(EXIT.usage, (m) => m.ledger.strayName({ given: stray, actions }));
  }
  return (await action()).run({ ...context, names });
};
