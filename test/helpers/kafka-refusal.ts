import { OperatorError, SourceAbsent } from '../../src/errors.js';
import { monotonicMs } from '../../src/lib/clock.js';
import { en } from '../../src/messages/en.js';
import { ptBR } from '../../src/messages/pt-BR.js';
import { type KafkaSecurity, PLAINTEXT } from '../../src/sources/kafka/security.js';
import { KafkaSource } from '../../src/sources/kafka/source.js';
import { anyScope } from './any-scope.js';
import { CollectingSink } from './collecting-sink.js';

/** One attempt to connect again. */
const RECONNECT = { attempts: 1, baseMs: 1, maxMs: 1, failFast: true };

/** How a source was refused. */
export interface Refusal {
  readonly exitCode: number;
  /** Whether it is final: not a SourceAbsent. */
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
    return { exitCode, isFinal, en: error.sentence(en), pt: error.sentence(ptBR), ms };
  } finally {
    await source.close();
  }
  throw new Error('it was not refused');
}
