import { EXIT, OperatorError } from '../../errors.js';
import { unlessAborted } from '../../lib/signals.js';
import { Wakeable } from '../../lib/wakeable.js';
import { verdictText } from '../../report/text.js';
import { judgeRun } from '../../report/verdict.js';
import type { RunSummary } from '../../runs/summary.js';
import type { VerificationDocument } from '../../verify/verdict/document.js';
import type { Command, CommandContext, Result } from './context.js';
import { prepareSchema } from './init-db.js';
import { printSeed, seedTables } from './seed.js';
import { streamEvents } from './stream.js';
import { verifyFrom } from './verify.js';
import { withServer } from './with-server.js';

/** Enough to see something, and over within a minute on any machine. */
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
    const ready = new Wakeable();
    // A signal ends the load; its consumer takes the rest of the events, and then gives its verdict.
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
      () => ready.end(),
    );
    try {
      await unlessAborted(context.interrupted, () => Promise.race([ready.sleep(), watching]));
      const streamed = await streamEvents(
        { ...withLoad(context), print: results.collector('run') },
        target,
        own,
      );
      lost = streamed === EXIT.unreachable && context.interrupted.aborted;
      if (streamed !== EXIT.done) {
        results.print();
        return streamed;
      }
      const verdict = await watching;
      results.print();
      return verdict;
    } finally {
      failed.abort(new OperatorError(EXIT.forced, (m) => m.server.interrupted()));
      const leaving = watching.catch(() => undefined);
      // A lost server answers no close; the next demo takes over the slot that this one leaves.
      if (!lost) await leaving;
    }
  });

/** The load: as the operator gave it, and the demo's where they did not. */
function withLoad(context: CommandContext): CommandContext {
  const { stream } = context.settings;
  const rate = stream.rate ?? EVENTS_PER_SECOND;
  const durationSeconds = stream.durationSeconds ?? SECONDS;
  return {
    ...context,
    settings: { ...context.settings, stream: { ...stream, rate, durationSeconds, ledger: true } },
  };
}

/** The results of run and verification, printed as one. */
class Results {
  readonly #context: CommandContext;
  readonly #parts: { run?: Result; verification?: Result } = {};

  constructor(context: CommandContext) {
    this.#context = context;
  }

  collector(name: 'run' | 'verification'): CommandContext['print'] {
    return (result) => {
      this.#parts[name] = result;
    };
  }

  /** Prints what there is: of a run that failed nothing was verified. */
  print(): void {
    const { messages, paint, print } = this.#context;
    const { run, verification } = this.#parts;
    if (run === undefined) return;
    if (verification === undefined) {
      print({ ...run, json: { run: run.json } });
      return;
    }
    // The run's own verdict says that it was not verified.
    const verdict = judgeRun(run.json as RunSummary, verification.json as VerificationDocument);
    print({
      json: { run: run.json, verification: verification.json },
      verdict: verdictText(messages, paint, verdict),
      text: `${run.text}\n${verification.text}`,
      page: verification.page ?? null,
    });
  }
}
