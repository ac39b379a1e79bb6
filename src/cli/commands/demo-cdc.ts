import { EXIT, OperatorError } from '../../errors.js';
import { unlessAborted } from '../../lib/signals.js';
import type { Command, CommandContext } from './context.js';
import { prepareSchema } from './init-db.js';
import { printSeed, seedTables } from './seed.js';
import { streamEvents } from './stream.js';
import { verifyFrom } from './verify.js';
import { withServer } from './with-server.js';

/** Enough to see something, and over within a minute, whatever the machine. */
const SECONDS = 20;
const EVENTS_PER_SECOND = 500;
const SLOT = 'oltp_simulator_demo';

/** `demo-cdc`: a load, the reference consumer beside it, and the verdict: the whole idea in one process. */
export const run: Command = (context) =>
  withServer(context, async (target, own) => {
    context.log.component('demo').info(context.messages.verify.demo.server());
    await prepareSchema(context, target);
    const { exitCode, outcome } = await seedTables(context, target);
    if (exitCode !== EXIT.done) {
      printSeed(context, outcome);
      return exitCode;
    }
    const results = new Results(context);
    const failed = new AbortController();
    let lost = false;
    let begin = () => {};
    const ready = new Promise<void>((resolve) => {
      begin = resolve;
    });
    // A signal ends the load; its consumer takes what is left, and then has its say.
    const watching = verifyFrom(
      {
        ...context,
        names: ['next'],
        createSlot: true,
        interrupted: failed.signal,
        print: results.collector('verification'),
      },
      { kind: 'slot', slot: SLOT },
      target,
      begin,
    );
    try {
      await unlessAborted(context.interrupted, () => Promise.race([ready, watching]));
      const streamed = await streamEvents(
        { ...withLoad(context), print: results.collector('run') },
        target,
        own,
      );
      lost = streamed === EXIT.unreachable && context.interrupted.aborted;
      if (streamed !== EXIT.done) return streamed;
      const verdict = await watching;
      results.print();
      return verdict;
    } finally {
      failed.abort(new OperatorError(EXIT.forced, (m) => m.server.interrupted()));
      const leaving = watching.catch(() => undefined);
      // A server that is lost takes no farewell; the next demo takes over what this one leaves.
      if (!lost) await leaving;
    }
  });

/** The load, where the operator did not say how much. */
function withLoad(context: CommandContext): CommandContext {
  const { stream } = context.settings;
  const rate = stream.rate ?? EVENTS_PER_SECOND;
  const durationSeconds = stream.durationSeconds ?? SECONDS;
  return {
    ...context,
    settings: { ...context.settings, stream: { ...stream, rate, durationSeconds, ledger: true } },
  };
}

/** What run and verification print, as one result. */
class Results {
  readonly #context: CommandContext;
  readonly #parts = new Map<string, { json: unknown; text: string }>();

  constructor(context: CommandContext) {
    this.#context = context;
  }

  collector(name: string): CommandContext['print'] {
    return (result) => this.#parts.set(name, result);
  }

  print(): void {
    this.#context.print({
      json: Object.fromEntries([...this.#parts].map(([name, { json }]) => [name, json])),
      text: [...this.#parts.values()].map(({ text }) => text).join('\n'),
    });
  }
}
