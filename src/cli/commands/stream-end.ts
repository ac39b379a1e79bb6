import type { DatabaseFacts } from '../../database/facts.js';
import { lastLogLines } from '../../embedded/cluster.js';
import { EXIT, type ExitCode } from '../../errors.js';
import {
  describeFailure,
  type Failure,
  failureError,
  isLocalFailure,
} from '../../postgres/failures.js';
import { SQLSTATE, SQLSTATE_CLASS } from '../../postgres/sqlstate.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import type { RunOutcome } from '../../run/engine.js';
import type { RunSummary } from '../../runs/summary.js';
import { TABLE_NAMES } from '../../schemas/hospital/tables.js';
import type { CommandContext } from './context.js';
import { lookOnce, NO_PATIENCE_SECONDS, type OwnServer } from './with-server.js';

/** A run that is over. */
export interface Ended {
  readonly context: CommandContext;
  readonly target: ConnectionTarget;
  readonly outcome: RunOutcome;
  /** The loss of the server whose backlog it did not work off; null: there is none. */
  readonly loss: Failure | null;
  readonly summary: RunSummary;
  readonly database: DatabaseFacts;
  /** The embedded server, if it is the target. */
  readonly own: OwnServer | null;
  readonly hasLedger: boolean;
}

/** Logs why a run did less than planned, if it did; returns the exit code. */
export function explainEnd(ended: Ended): ExitCode {
  const { context, target, outcome, loss, summary, database } = ended;
  const { failure, heldUp } = outcome;
  const { log, messages: m } = context;
  if (heldUp.unconfirmed > 0) {
    const waits = heldUp.waits.filter(({ kind }) => kind === 'standby').map(m.db.waitedFor);
    log.component('stream').warning(m.stream.unconfirmed({ count: heldUp.unconfirmed, waits }));
  }
  const exitCode =
    failure !== null
      ? explainFailure(context, target, failure, database, summary.unsent)
      : loss !== null && summary.server_lost
        ? explainLoss(context, target, loss, summary.unsent)
        : summary.held_up
          ? explainHeldUp(context, outcome, summary)
          : EXIT.done;
  if (exitCode === EXIT.unreachable) adviseAfterLoss(ended);
  return exitCode;
}

/** Logs the waits of batches in flight, and whether they were rolled back; returns the exit code. */
function explainHeldUp(
  { log, messages: m, settings }: CommandContext,
  { heldUp, givenUp, cutOff, stoppedBy }: RunOutcome,
  { unsent }: RunSummary,
): ExitCode {
  const out = log.component('stream');
  const waits = heldUp.waits
    .filter(({ kind }) => kind === 'lock' || givenUp === 0)
    .map(m.db.waitedFor);
  const byHand = stoppedBy === 'signal' || stoppedBy === 'threshold';
  if (waits.length > 0) {
    const message = m.stream.heldUp({ batches: givenUp, unsent: byHand ? null : unsent, waits });
    if (byHand) out.warning(message);
    else out.error(message);
  }
  if (cutOff) out.error(m.stream.cutOff({ seconds: settings.stream.stopGraceSeconds }));
  if (stoppedBy === 'threshold') return EXIT.done;
  return stoppedBy === 'signal' ? EXIT.forced : EXIT.state;
}

/**
 * The loss of the server whose backlog a run did not work off; null: there was none. `hasSchedule`: false with
 * `--rate max`, which leaves no backlog once the server is back.
 */
export async function lossOf(
  { failure, lost, cutOff, silent }: RunOutcome,
  target: ConnectionTarget,
  hasSchedule: boolean,
): Promise<Failure | null> {
  if (failure !== null) return failure.class === 'critical' ? failure : null;
  if (lost === null && !cutOff) return null;
  if (lost !== null && hasSchedule) return lost;
  // A worker may have got no answer because of a lock, or be about to reconnect: the server is asked.
  try {
    const patience = silent ? NO_PATIENCE_SECONDS : undefined;
    await lookOnce(target, (client) => client.query('SELECT 1'), patience);
    return null;
  } catch (error) {
    const found = describeFailure(error);
    return found.class === 'critical' ? found : null;
  }
}

/** Logs that the run ended with due events unsent; returns the exit code. */
function explainLoss(
  { log, messages: m }: CommandContext,
  target: ConnectionTarget,
  loss: Failure,
  unsent: number | null,
): ExitCode {
  const reason = failureError(loss, target).sentence(m);
  log.component('stream').error(m.stream.behind({ reason, unsent }));
  return EXIT.unreachable;
}

/** After a loss: logs the embedded server's last lines, and the command that settles transactions in doubt. */
function adviseAfterLoss({ context, summary, own, hasLedger }: Ended): void {
  const { log, messages: m } = context;
  const { run_id: run, transactions } = summary;
  const out = log.component('stream');
  if (own !== null) out.error(m.stream.ownServerLost({ ...own, lines: lastLogLines(own.log) }));
  const count = transactions.in_doubt;
  if (hasLedger && count > 0) out.warning(m.stream.resolveLater({ run, count }));
}

/** Logs the failure that ended the run; returns the exit code. `unsent`: events that were due and not sent. */
function explainFailure(
  { log, messages }: CommandContext,
  target: ConnectionTarget,
  failure: Failure,
  database: DatabaseFacts,
  unsent: number | null,
): ExitCode {
  const out = log.component('stream');
  const rules = TABLE_NAMES.flatMap((table) =>
    database.tables[table].rules.map((name) => `${table}.${name}`),
  );
  // PostgreSQL's answer to a data-modifying WITH on a table with a rule.
  if (failure.sqlstate === SQLSTATE.FEATURE_NOT_SUPPORTED && rules.length > 0) {
    out.error(messages.stream.ruled({ rules, message: failure.message }));
    return EXIT.state;
  }
  const error = failureError(failure, target);
  const reason = error.sentence(messages);
  if (isLocalFailure(failure)) {
    out.error(reason);
    return error.exitCode;
  }
  const isExhausted = failure.sqlstate?.startsWith(SQLSTATE_CLASS.INSUFFICIENT_RESOURCES) === true;
  out.error(
    isExhausted
      ? messages.stream.exhausted({ reason, unsent })
      : failure.class === 'critical'
        ? messages.stream.gaveUp({ reason, unsent })
        : messages.stream.refused({ reason }),
  );
  return error.exitCode;
}
