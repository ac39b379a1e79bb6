import { EXIT, OperatorError } from '../../errors.js';

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
    retries: RETRIES,
    retryDelay: RETRY_MS,
    autocreateTopics: false,
  };
}

/** An error of the client, which may hold others, of each attempt and each broker. */
interface ClientError extends Error {
  readonly code: string;
  readonly errors?: readonly Error[];
  findBy(property: string, value: unknown): object | null;
}

function isClientError(error: unknown): error is ClientError {
  return error instanceof Error && 'findBy' in error && typeof error.findBy === 'function';
}

/**
 * What it means that the client failed: an OperatorError when another attempt would not help, null when it
 * may. What is no error of the client is thrown.
 */
export function finalError(error: unknown, where: string): OperatorError | null {
  if (error instanceof OperatorError) return error;
  if (!isClientError(error)) throw error;
  const message = innermost(error);
  const fail = (tell: OperatorError['tell']) =>
    new OperatorError(EXIT.state, tell, { cause: error });
  if (error.findBy('apiId', 'OFFSET_OUT_OF_RANGE') !== null) {
    return fail((m) => m.source.kafkaCut({ where }));
  }
  const hopeless =
    error.findBy('canRetry', false) !== null ||
    FINAL_CODES.some((code) => error.findBy('code', code) !== null);
  // An old leader: who leads now is asked before the next attempt.
  if (!hopeless || error.findBy('hasStaleMetadata', true) !== null) return null;
  return fail((m) => m.source.kafkaRefused({ where, message }));
}

/** The broker could not be reached, and will not be asked again. */
export function unreachable(error: unknown, where: string): OperatorError {
  const message = innermost(error);
  const tell: OperatorError['tell'] = (m) => m.source.kafkaUnreachable({ where, message });
  return new OperatorError(EXIT.unreachable, tell, { cause: error });
}

const FINAL_CODES = [
  'PLT_KFK_AUTHENTICATION',
  'PLT_KFK_UNSUPPORTED',
  'PLT_KFK_UNSUPPORTED_API',
  'PLT_KFK_UNSUPPORTED_COMPRESSION',
  'PLT_KFK_UNSUPPORTED_FORMAT',
];

/** The reason at the bottom: what is above it only says that something failed. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [first] = error instanceof AggregateError ? error.errors : [];
  const below: unknown = first ?? error.cause;
  return below === undefined ? error.message : innermost(below);
}
