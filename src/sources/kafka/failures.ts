import { EXIT, type ExitCode, OperatorError, SourceAbsent } from '../../errors.js';
import { type KafkaSecurity, protocolWith, type SecurityPart } from './security.js';

/** Kafka's error codes that a reader may meet. */
export const ANSWER = {
  offsetOutOfRange: 1,
  leaderNotAvailable: 5,
  topicAuthorizationFailed: 29,
  clusterAuthorizationFailed: 31,
  unsupportedSaslMechanism: 33,
  illegalSaslState: 34,
  saslAuthenticationFailed: 58,
} as const;

/** Names of error codes for messages; Kafka's own list is longer. */
const ANSWER_NAMES: Readonly<Record<number, string>> = {
  [-1]: 'UNKNOWN_SERVER_ERROR',
  1: 'OFFSET_OUT_OF_RANGE',
  2: 'CORRUPT_MESSAGE',
  3: 'UNKNOWN_TOPIC_OR_PARTITION',
  5: 'LEADER_NOT_AVAILABLE',
  6: 'NOT_LEADER_OR_FOLLOWER',
  7: 'REQUEST_TIMED_OUT',
  8: 'BROKER_NOT_AVAILABLE',
  9: 'REPLICA_NOT_AVAILABLE',
  13: 'NETWORK_EXCEPTION',
  17: 'INVALID_TOPIC_EXCEPTION',
  29: 'TOPIC_AUTHORIZATION_FAILED',
  31: 'CLUSTER_AUTHORIZATION_FAILED',
  33: 'UNSUPPORTED_SASL_MECHANISM',
  34: 'ILLEGAL_SASL_STATE',
  35: 'UNSUPPORTED_VERSION',
  42: 'INVALID_REQUEST',
  43: 'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  56: 'KAFKA_STORAGE_ERROR',
  58: 'SASL_AUTHENTICATION_FAILED',
  74: 'FENCED_LEADER_EPOCH',
  75: 'UNKNOWN_LEADER_EPOCH',
  76: 'UNSUPPORTED_COMPRESSION_TYPE',
  78: 'OFFSET_NOT_AVAILABLE',
  89: 'THROTTLING_QUOTA_EXCEEDED',
};

/** Codes of errors that pass by themselves: another leader is elected, a replica catches up. */
const PASSING: ReadonlySet<number> = new Set([2, 3, 5, 6, 7, 8, 9, 13, 56, 74, 75, 78, 89]);

/** Why something with Kafka failed. */
export type KafkaReason =
  /** No connection, or no answer: the broker may be back. */
  | { readonly kind: 'lost' }
  /** The broker answered with an error, perhaps about a topic. */
  | { readonly kind: 'answer'; readonly code: number; readonly topic: string | null }
  /** Plaintext was sent to a TLS port. */
  | { readonly kind: 'wantsTls' }
  /** TLS was sent to a plaintext port. */
  | { readonly kind: 'noTls' }
  /** The broker's certificate is not trusted, not valid now, or of another host. */
  | { readonly kind: 'certificate' }
  /** The broker wants a client certificate, or refuses ours. */
  | { readonly kind: 'clientCertificate' }
  /** The TLS handshake failed otherwise: no common version or cipher. */
  | { readonly kind: 'handshake' }
  /** The broker requires SASL; the mechanisms that it offers. */
  | { readonly kind: 'wantsLogin'; readonly offered: readonly string[] }
  /** The listener has no SASL. */
  | { readonly kind: 'noLogin' }
  /** The broker does not offer the mechanism. */
  | { readonly kind: 'mechanism'; readonly offered: readonly string[] }
  /** The broker refuses user or password. */
  | { readonly kind: 'refused' }
  /** The broker could not prove by SCRAM that it knows the password. */
  | { readonly kind: 'unproven' }
  /** The broker lacks a request, or its answer cannot be read. */
  | { readonly kind: 'unreadable' };

/** A failure of Kafka, or on the way to it. */
export class KafkaError extends Error {
  readonly reason: KafkaReason;

  constructor(reason: KafkaReason, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'KafkaError';
    this.reason = reason;
  }

  /** Another attempt may succeed. */
  get passes(): boolean {
    const { reason } = this;
    return reason.kind === 'lost' || (reason.kind === 'answer' && PASSING.has(reason.code));
  }
}

/** The error for a connection that is lost, or was never made. */
export function lost(message: string, cause?: unknown): KafkaError {
  return new KafkaError({ kind: 'lost' }, message, { cause });
}

/** Throws a KafkaError unless the code is 0. */
export function requireOk(code: number, topic: string | null = null): void {
  if (code === 0) return;
  const message = ANSWER_NAMES[code] ?? `error ${code}`;
  throw new KafkaError({ kind: 'answer', code, topic }, message);
}

/** The brokers and settings that a message names. */
export interface Place {
  /** The brokers, as the operator named them. */
  readonly where: string;
  readonly security: KafkaSecurity;
}

/** The operator's error for a final failure; null for one that may pass. Rethrows errors that are not Kafka's. */
export function finalError(error: unknown, place: Place): OperatorError | null {
  if (error instanceof OperatorError) return error;
  if (!(error instanceof KafkaError)) throw error;
  if (error.passes) return null;
  const { code, sentence } = sentenceOf(error, place);
  return new OperatorError(code, sentence, { cause: error });
}

/** The operator's error for a broker that does not answer, which may come later. */
export function unreachable(error: unknown, { where }: Place): SourceAbsent {
  const message = error instanceof Error ? error.message : String(error);
  const sentence: OperatorError['sentence'] = (m) => m.sources.kafkaUnreachable({ where, message });
  return new SourceAbsent(EXIT.unreachable, sentence, { cause: error });
}

function sentenceOf(
  { reason, message }: KafkaError,
  { where, security }: Place,
): { code: ExitCode; sentence: OperatorError['sentence'] } {
  const { protocol, tls, sasl, origins } = security;
  const setting = origins.protocol;
  const user = sasl?.username ?? '';
  const settings = (...parts: SecurityPart[]) => parts.map((part) => origins[part]);
  const refused = (sentence: OperatorError['sentence']) => ({ code: EXIT.unreachable, sentence });
  const unfit = (sentence: OperatorError['sentence']) => ({ code: EXIT.state, sentence });
  switch (reason.kind) {
    case 'wantsTls': {
      const wanted = protocolWith(true, sasl !== null);
      return refused((m) => m.sources.kafkaWantsTls({ where, setting, wanted }));
    }
    case 'noTls': {
      const wanted = protocolWith(false, sasl !== null);
      return refused((m) => m.sources.kafkaNoTls({ where, setting, protocol, wanted }));
    }
    case 'certificate':
      return refused((m) =>
        m.sources.kafkaCertificate({ where, message, ca: origins.ca, named: tls?.ca != null }),
      );
    case 'clientCertificate':
      return refused((m) => {
        const parts = settings('certificate', 'key');
        return tls?.certificate == null
          ? m.sources.kafkaWantsCertificate({ where, message, settings: parts })
          : m.sources.kafkaCertificateRefused({ where, message, settings: parts });
      });
    case 'handshake':
      return refused((m) =>
        m.sources.kafkaHandshake({ where, message, settings: settings('certificate', 'key') }),
      );
    case 'wantsLogin': {
      const wanted = protocolWith(tls !== null, true);
      const { offered } = reason;
      return refused((m) => m.sources.kafkaWantsLogin({ where, setting, wanted, offered }));
    }
    case 'noLogin': {
      const wanted = protocolWith(tls !== null, false);
      return refused((m) => m.sources.kafkaNoLogin({ where, setting, protocol, wanted }));
    }
    case 'mechanism': {
      const { offered } = reason;
      const mechanism = sasl?.mechanism ?? '';
      return refused((m) =>
        m.sources.kafkaMechanism({ where, mechanism, offered, setting: origins.mechanism }),
      );
    }
    case 'refused':
      return refused((m) => {
        const parts = settings('username', 'password', 'mechanism');
        return m.sources.kafkaLoginRefused({ where, user, settings: parts });
      });
    case 'unproven':
      return refused((m) => m.sources.kafkaUnproven({ where, message }));
    case 'answer': {
      const { code, topic } = reason;
      if (code === ANSWER.offsetOutOfRange) return unfit((m) => m.sources.kafkaCut({ where }));
      if (code === ANSWER.topicAuthorizationFailed && topic !== null) {
        return unfit((m) => m.sources.kafkaTopicForbidden({ where, topic, user }));
      }
      if (code === ANSWER.topicAuthorizationFailed || code === ANSWER.clusterAuthorizationFailed) {
        return unfit((m) => m.sources.kafkaForbidden({ where, user, message }));
      }
      return unfit((m) => m.sources.kafkaRefused({ where, message }));
    }
    case 'unreadable':
    case 'lost':
      return unfit((m) => m.sources.kafkaRefused({ where, message }));
  }
}
