import { EXIT, OperatorError, SourceAbsent } from '../../errors.js';

/** The client of Kafka, which not every installation has. */
export type KafkaClient = typeof import('@platformatic/kafka');

/**
 * What to install. Its next major version wants a Node.js newer than the oldest one that we run on;
 * kafkajs, which would do too, has had no release since 2023.
 */
export const CLIENT_PACKAGE = '@platformatic/kafka@1';

/** For a broker to answer, and for a connection to come about. */
const TIMEOUT_MS = 5_000;
/** A topic that was just made has no leader for a moment. */
const RETRIES = 2;
const RETRY_MS = 250;

/** Loads the client; an OperatorError says what to install when it is not there. */
export async function loadClient(
  load: () => Promise<KafkaClient> = () => import('@platformatic/kafka'),
): Promise<KafkaClient> {
  try {
    return await load();
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) {
      throw cause;
    }
    const tell: OperatorError['tell'] = (m) =>
      m.source.kafkaClientMissing({ package: CLIENT_PACKAGE });
    throw new OperatorError(EXIT.usage, tell, { cause });
  }
}

/** Options of every client of ours. */
export function clientOptions(brokers: readonly string[]) {
  return {
    clientId: 'oltp-simulator',
    bootstrapBrokers: [...brokers],
    connectTimeout: TIMEOUT_MS,
    timeout: TIMEOUT_MS,
    requestTimeout: TIMEOUT_MS,
    retries: RETRIES,
    retryDelay: RETRY_MS,
    autocreateTopics: false,
  };
}

/**
 * What it means that the client failed: an OperatorError when another attempt would not help, null when it
 * may. What is no error of the client is thrown.
 */
export function finalError(error: unknown, where: string): OperatorError | null {
  if (error instanceof OperatorError) return error;
  if (!isClientError(error)) throw error;
  const errors = innermost(error);
  const fail = (tell: OperatorError['tell']) =>
    new OperatorError(EXIT.state, tell, { cause: error });
  if (errors.some(({ apiId }) => apiId === 'OFFSET_OUT_OF_RANGE')) {
    return fail((m) => m.source.kafkaCut({ where }));
  }
  // An old leader is none of these: who leads now is asked before the next attempt.
  if (errors.some(({ hasStaleMetadata }) => hasStaleMetadata === true)) return null;
  const hopeless = errors.find(isHopeless);
  if (hopeless === undefined) return null;
  return fail((m) => m.source.kafkaRefused({ where, message: hopeless.message }));
}

/** The broker could not be reached, and will not be asked again. */
export function unreachable(error: unknown, where: string): SourceAbsent {
  const [first] = isClientError(error) ? innermost(error) : [];
  const message = first?.message ?? String(error);
  const tell: OperatorError['tell'] = (m) => m.source.kafkaUnreachable({ where, message });
  return new SourceAbsent(EXIT.unreachable, tell, { cause: error });
}

/** An error of the client, with what it knows of it. */
interface ClientError extends Error {
  readonly code: string;
  /** What a broker answered. */
  readonly apiId?: string;
  readonly canRetry?: boolean;
  readonly hasStaleMetadata?: boolean;
}

/** Of the client's errors those that no other attempt will take away. */
const HOPELESS = [
  'PLT_KFK_AUTHENTICATION',
  'PLT_KFK_UNSUPPORTED',
  'PLT_KFK_UNSUPPORTED_API',
  'PLT_KFK_UNSUPPORTED_COMPRESSION',
  'PLT_KFK_UNSUPPORTED_FORMAT',
];
const ANSWERED = 'PLT_KFK_PROTOCOL';

/** By `canRetry` alone a broker that is slow for once would be hopeless. */
function isHopeless({ code, canRetry }: ClientError): boolean {
  return HOPELESS.includes(code) || (code === ANSWERED && canRetry === false);
}

function isClientError(error: unknown): error is ClientError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code.startsWith('PLT_KFK_');
}

/** The reasons at the bottom, of every attempt: what is above them only says that something failed. */
function innermost(error: Error): ClientError[] {
  const below = error instanceof AggregateError ? error.errors : [error.cause];
  const reasons = below.filter((inner) => inner instanceof Error);
  return reasons.length === 0 ? [error as ClientError] : reasons.flatMap(innermost);
}
