import { EXIT, type ExitCode, OperatorError, SourceAbsent } from '../../errors.js';
import { ANSWER, KafkaError } from './error.js';
import { type KafkaSecurity, protocolWith, type SecurityPart } from './security.js';

/** The brokers and the settings that a sentence names. */
export interface Place {
  /** The brokers, as the operator named them. */
  readonly where: string;
  readonly security: KafkaSecurity;
}

/** The operator's error for a failure that is final; null for one that may pass. Rethrows other errors. */
export function finalError(error: unknown, place: Place): OperatorError | null {
  if (error instanceof OperatorError) return error;
  if (!(error instanceof KafkaError)) throw error;
  if (error.passes) return null;
  const { code, tell } = sentenceOf(error, place);
  return new OperatorError(code, tell, { cause: error });
}

/** The operator's error for a broker that does not answer; one that may come later is waited for. */
export function unreachable(error: unknown, { where }: Place): SourceAbsent {
  const message = error instanceof Error ? error.message : String(error);
  const tell: OperatorError['sentence'] = (m) => m.source.kafkaUnreachable({ where, message });
  return new SourceAbsent(EXIT.unreachable, tell, { cause: error });
}

function sentenceOf(
  { reason, message }: KafkaError,
  { where, security }: Place,
): { code: ExitCode; tell: OperatorError['sentence'] } {
  const { protocol, tls, sasl, origins } = security;
  const setting = origins.protocol;
  const user = sasl?.username ?? '';
  const settings = (...parts: SecurityPart[]) => parts.map((part) => origins[part]);
  const refused = (tell: OperatorError['sentence']) => ({ code: EXIT.unreachable, tell });
  const unfit = (tell: OperatorError['sentence']) => ({ code: EXIT.state, tell });
  switch (reason.kind) {
    case 'wantsTls': {
      const wanted = protocolWith(true, sasl !== null);
      return refused((m) => m.source.kafkaWantsTls({ where, setting, wanted }));
    }
    case 'noTls': {
      const wanted = protocolWith(false, sasl !== null);
      return refused((m) => m.source.kafkaNoTls({ where, setting, protocol, wanted }));
    }
    case 'certificate':
      return refused((m) =>
        m.source.kafkaCertificate({ where, message, ca: origins.ca, named: tls?.ca != null }),
      );
    case 'clientCertificate':
      return refused((m) => {
        const parts = settings('certificate', 'key');
        return tls?.certificate == null
          ? m.source.kafkaWantsCertificate({ where, message, settings: parts })
          : m.source.kafkaCertificateRefused({ where, message, settings: parts });
      });
    case 'handshake':
      return refused((m) =>
        m.source.kafkaHandshake({ where, message, settings: settings('certificate', 'key') }),
      );
    case 'wantsLogin': {
      const wanted = protocolWith(tls !== null, true);
      const { offered } = reason;
      return refused((m) => m.source.kafkaWantsLogin({ where, setting, wanted, offered }));
    }
    case 'noLogin': {
      const wanted = protocolWith(tls !== null, false);
      return refused((m) => m.source.kafkaNoLogin({ where, setting, protocol, wanted }));
    }
    case 'mechanism': {
      const { offered } = reason;
      const mechanism = sasl?.mechanism ?? '';
      return refused((m) =>
        m.source.kafkaMechanism({ where, mechanism, offered, setting: origins.mechanism }),
      );
    }
    case 'refused':
      return refused((m) => {
        const parts = settings('username', 'password', 'mechanism');
        return m.source.kafkaLoginRefused({ where, user, settings: parts });
      });
    case 'unproven':
      return refused((m) => m.source.kafkaUnproven({ where, message }));
    case 'answer': {
      const { code, topic } = reason;
      if (code === ANSWER.offsetOutOfRange) return unfit((m) => m.source.kafkaCut({ where }));
      if (code === ANSWER.topicAuthorizationFailed && topic !== null) {
        return unfit((m) => m.source.kafkaTopicForbidden({ where, topic, user }));
      }
      if (code === ANSWER.topicAuthorizationFailed || code === ANSWER.clusterAuthorizationFailed) {
        return unfit((m) => m.source.kafkaForbidden({ where, user, message }));
      }
      return unfit((m) => m.source.kafkaRefused({ where, message }));
    }
    case 'unreadable':
    case 'lost':
      return unfit((m) => m.source.kafkaRefused({ where, message }));
  }
}
