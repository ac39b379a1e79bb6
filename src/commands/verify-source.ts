import { resolve } from 'node:path';
import type { Source } from '../intake/event.js';
import type { SourceSpec } from '../intake/source-spec.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { CommandContext } from './context.js';
import { reconnectPolicy } from './reconnect-policy.js';

/** A source that is ready to be read. */
export interface OpenSource {
  readonly source: Source;
  /** An LSN: what was committed before does not come. 0 where that is not known. */
  readonly from: number;
  /** Whether it tells how far in the WAL it has come. */
  readonly positioned: boolean;
  /** Those that it reads; null: not known. */
  readonly publications: readonly string[] | null;
  /** Undoes what opening did, where the source is not run. */
  readonly close: () => Promise<void>;
}

/** A source that does not say where in the WAL it is, nor who published what it has. */
const UNPLACED = { from: 0, positioned: false, publications: null } as const;

/** Opens the source that the operator named; null: asked to end meanwhile. */
export async function openSource(
  context: CommandContext,
  spec: SourceSpec,
  target: ConnectionTarget | null,
): Promise<OpenSource | null> {
  const { toastPlaceholders } = context.settings.verify;
  switch (spec.kind) {
    case 'slot': {
      const { SlotSource } = await import('../intake/slot-source.js');
      if (target === null) throw new Error('a slot without a server');
      const { verify } = context.settings;
      const source = new SlotSource({
        target,
        slot: spec.slot,
        create: context.createSlot,
        publications: verify.publication === null ? null : [verify.publication],
        reconnect: reconnectPolicy(context.settings),
        onReconnect: (_, waitMs) => tellReconnect(context, waitMs),
      });
      try {
        const started = await source.start();
        const close = () => source.close();
        if (started === null) return null;
        const { from } = started;
        const { publications } = source;
        return { source, from, positioned: true, publications, close };
      } catch (error) {
        await source.close().catch(() => undefined);
        throw error;
      }
    }
    case 'ndjson': {
      const { NdjsonSource } = await import('../intake/ndjson.js');
      const path = spec.file === '-' ? '-' : resolve(context.cwd, spec.file);
      const source = new NdjsonSource({ path, follow: true, toastPlaceholders });
      return { source, ...UNPLACED, close: async () => source.stop() };
    }
    case 'http': {
      const { HttpSource } = await import('../intake/http-source.js');
      const source = new HttpSource(spec, { toastPlaceholders });
      const { url } = await source.start();
      context.log.component('verify').info(context.messages.verify.listening({ url }));
      return { source, ...UNPLACED, close: () => source.close() };
    }
    case 'kafka': {
      const { KafkaSource } = await import('../intake/kafka.js');
      const source = new KafkaSource({
        brokers: spec.brokers,
        prefix: spec.prefix,
        toastPlaceholders,
        reconnect: reconnectPolicy(context.settings),
        onReconnect: (_, waitMs) => tellReconnect(context, waitMs),
      });
      try {
        await source.start();
      } catch (error) {
        await source.close();
        throw error;
      }
      return { source, ...UNPLACED, close: () => source.close() };
    }
  }
}

function tellReconnect({ log, messages }: CommandContext, waitMs: number): void {
  log.component('verify').warning(messages.verify.reconnecting({ seconds: waitMs / 1000 }));
}
