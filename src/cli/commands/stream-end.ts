import type { DatabaseFacts } from '../../database/facts.js';
import { lastLogLines } from '../../embedded/cluster.js';
import { EXIT, type ExitCode } from '../../errors.js';
import { neverHappened } from '../../hazards/times.js';
import { causeText } from '../../postgres/cause.js';
import {
  describeFailure,
  type Failure,
  failureError,
  isLocalFailure,
} from '../../postgres/failures.js';
import { SQLSTATE, SQLSTATE_CLASS } from '../../postgres/sqlstate.js';
import { addressOf, type ConnectionTarget } from '../../postgres/target.js';
import type { RunOutcome } from '../../run/engine.js';
import type { RunSummary } from '../../runs/summary.js';
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

/** Why a run did less than planned. */
export interface Explanation {
  readonly exitCode: ExitCode;
  /** In the operator's words; null: it did all of it. */
  readonly cause: string | null;
}

/** Logs why a run did less than planned, if it did, and returns it. */
export function explainEnd(ended: Ended): Explanation {
  const { context, outcome, loss, summary, database } = ended;
  const { failure, heldUp } = outcome;
  const { log, messages: m } = context;
  if (heldUp.unconfirmed > 0) {
    const waits = heldUp.waits.filter(({ kind }) => kind === 'standby').map(m.db.waitedFor);
    log.component('stream').warning(m.stream.unconfirmed({ count: heldUp.unconfirmed, waits }));
  }
  const explanation =
    failure !== null
      ? explainFailure(ended, failure, database)
      : loss !== null && summary.server_lost
        ? explainLoss(ended, loss)
        : summary.held_up
          ? explainHeldUp(context, outcome, summary)
          : { exitCode: EXIT.done, cause: null };
  if (explanation.exitCode === EXIT.unreachable) adviseAfterLoss(ended);
  return explanation;
}

/** Logs the hazards that were asked for and never happened. */
export function warnOfAbsent(
  { resultLog, messages: m }: Pick<CommandContext, 'resultLog' | 'messages'>,
  { hazards }: Pick<RunSummary, 'hazards'>,
): void {
  const never = neverHappened(hazards);
  if (never.length > 0) resultLog('stream').warning(m.report.neverHappened(never));
}

/** Logs the waits of batches in flight, and whether they were rolled back. */
function explainHeldUp(
  { resultLog, messages: m, settings }: CommandContext,
  { heldUp, givenUp, cutOff, stoppedBy }: RunOutcome,
  { unsent }: RunSummary,
): Explanation {
  const out = resultLog('stream');
  const waits = heldUp.waits
    .filter(({ kind }) => kind === 'lock' || givenUp === 0)
    .map(m.db.waitedFor);
  const byHand = stoppedBy === 'signal' || stoppedBy === 'threshold';
  const waited = { batches: givenUp, waits };
  if (waits.length > 0) {
    const message = m.stream.heldUp({ ...waited, unsent: byHand ? null : unsent });
    if (byHand) out.warning(message);
    else out.error(message);
  }
  const noAnswer = m.stream.cutOff({ seconds: settings.stream.stopGraceSeconds });
  if (cutOff) out.error(noAnswer);
  const causes = [
    ...(waits.length > 0 ? [m.stream.heldUp({ ...waited, unsent: null })] : []),
    ...(cutOff ? [noAnswer] : []),
  ];
  const cause = causes.length > 0 ? causes.join('; ') : null;
  if (stoppedBy === 'threshold') return { exitCode: EXIT.done, cause };
  return { exitCode: stoppedBy === 'signal' ? EXIT.forced : EXIT.state, cause };
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

/** Logs that the run ended with due events unsent. */
function explainLoss(ended: Ended, loss: Failure): Explanation {
  const { context, summary } = ended;
  const { resultLog, messages: m } = context;
  const cause = causeOf(ended, loss);
  resultLog('stream').error(m.stream.behind({ reason: cause, unsent: summary.unsent }));
  return { exitCode: EXIT.unreachable, cause };
}

/** A failure in words, after the reason that the server gave before, where it gave one. */
function causeOf({ context, target, outcome, own }: Ended, failure: Failure): string {
  const { stream } = context.messages;
  const where = addressOf(target);
  const isDown = own !== null && failure.errno === 'ECONNREFUSED';
  // The look at the end waits for less than a connection's timeout, which the usual sentence names.
  const isMute =
    failure.errno === 'ETIMEDOUT' && failure !== outcome.lost && failure !== outcome.failure;
  const reason = isDown
    ? stream.ownServerDown()
    : isMute
      ? stream.noAnswer({ where })
      : failureError(failure, target).sentence(context.messages);
  const { lostBy } = outcome;
  const isSame = lostBy?.sqlstate === failure.sqlstate;
  if (lostBy === null || isSame || failure.class !== 'critical') return reason;
  const cause = causeText(lostBy, where, context.messages);
  return stream.lostBy({ cause, since: reason });
}

/** After a loss: logs the embedded server's last lines, and the command that settles transactions in doubt. */
function adviseAfterLoss({ context, summary, own, hasLedger }: Ended): void {
  const { log, resultLog, messages: m } = context;
  const { run_id: run, transactions } = summary;
  if (own !== null)
    log.component('stream').error(m.stream.ownServerLost({ ...own, lines: lastLogLines(own.log) }));
  const count = transactions.in_doubt;
  if (hasLedger && count > 0) resultLog('stream').warning(m.stream.resolveLater({ run, count }));
}

/** Logs the failure that ended the run. */
function explainFailure(ended: Ended, failure: Failure, database: DatabaseFacts): Explanation {
  const { resultLog, messages } = ended.context;
  const { unsent } = ended.summary;
  const out = resultLog('stream');
  const rules = Object.entries(database.tables).flatMap(([table, facts]) =>
    facts.rules.map((name) => `${table}.${name}`),
  );
  // PostgreSQL's answer to a data-modifying WITH on a table with a rule.
  if (failure.sqlstate === SQLSTATE.FEATURE_NOT_SUPPORTED && rules.length > 0) {
    const cause = messages.stream.ruled({ rules, message: failure.message });
    out.error(cause);
    return { exitCode: EXIT.state, cause };
  }
  const { exitCode } = failureError(failure, ended.target);
  const reason = causeOf(ended, failure);
  const explanation = { exitCode, cause: reason };
  if (isLocalFailure(failure)) {
    out.error(reason);
    return explanation;
  }
  const isExhausted = failure.sqlstate?.startsWith(SQLSTATE_CLASS.INSUFFICIENT_RESOURCES) === true;
  out.error(
    isExhausted
      ? messages.stream.exhausted({ reason, unsent })
      : failure.class === 'critical'
        ? messages.stream.gaveUp({ reason, unsent })
        : messages.stream.refused({ reason }),
  );
  return explanation;
}
