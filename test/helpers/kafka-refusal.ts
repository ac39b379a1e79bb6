import { OperatorError, SourceAbsent } from '../../src/errors.js';
import { type KafkaSecurity, PLAINTEXT } from '../../src/intake/kafka/security.js';
import { KafkaSource } from '../../src/intake/kafka.js';
import { en } from '../../src/log/messages/en.js';
import { ptBR } from '../../src/log/messages/pt-BR.js';
import { monotonicMs } from '../../src/threads/clock.js';
import { anyScope } from './any-scope.js';
import { CollectingSink } from './collecting-sink.js';

/** One attempt to connect again. */
const RECONNECT = { attempts: 1, baseMs: 1, maxMs: 1, failFast: true };

/** How a source was refused. */
export interface Refusal {
  readonly exitCode: number;
  /** It is no matter of waiting. */
  readonly isFinal: boolean;
  readonly en: string;
  readonly pt: string;
  readonly ms: number;
}

/** Reads from a broker that must refuse, or be refused. */
export async function refusalOf(
  broker: string,
  security: KafkaSecurity = PLAINTEXT,
  prefix = 'hospital',
): Promise<Refusal> {
  const source = new KafkaSource({ brokers: [broker], prefix, reconnect: RECONNECT, security });
  const start = monotonicMs();
  try {
    await source.run(new CollectingSink(), anyScope);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { exitCode } = error;
    const isFinal = !(error instanceof SourceAbsent);
    const ms = monotonicMs() - start;
    return { exitCode, isFinal, en: error.tell(en), pt: error.tell(ptBR), ms };
  } finally {
    await source.close();
  }
  throw new Error('it was not refused');
}
