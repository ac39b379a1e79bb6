import { resolve } from 'node:path';
import { SourceAbsent } from '../../errors.js';
import { monotonicMs, sleep } from '../../lib/clock.js';
import { onAbort, unlessStuck } from '../../lib/signals.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import type { Tables } from '../../schema/tables.js';
import { reconnectPolicy } from '../../settings/settings.js';
import { requireReadable } from '../../sources/ndjson/file-input.js';
import type { Source } from '../../sources/source.js';
import { type SourceSpec, STANDARD_INPUT } from '../../sources/source-spec.js';
import type { CommandContext } from './context.js';

/** A source that is open. */
export interface OpenSource {
  readonly source: Source;
  /** An LSN: changes committed before it are not delivered. 0: unknown. */
  readonly from: number;
  /** Whether it reports how far in the WAL it has come. */
  readonly positioned: boolean;
  /** The publications that it reads; null: unknown. */
  readonly publications: readonly string[] | null;
  /** Closes a source that was not run. */
  readonly close: () => Promise<void>;
}

/** A source without a place in the WAL and without publications. */
const UNPLACED = { from: 0, positioned: false, publications: null } as const;

/** How often a missing source is looked for. */
const LOOK_MS = 250;

/**
 * Opens the source that the operator named; null: the operator interrupts. Waits, with a warning, for one that does not
 * exist yet, as long as the run may still bring it; the reader of a file waits for it by itself.
 *
 * @param tables those of the run, or of the settings before it has begun
 * @param truncates a publication that is made for it has TRUNCATE, too
 * @param mayCome whether the run has not begun, or is under way
 */
export async function openWhenThere(
  context: CommandContext,
  tables: Tables,
  spec: SourceSpec,
  target: ConnectionTarget | null,
  truncates: boolean,
  mayCome: () => boolean,
): Promise<OpenSource | null> {
  const { log, messages: m, settings, interrupted } = context;
  const graceMs = settings.verify.waitSeconds * 1000;
  let warned = '';
  let hopedAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    try {
      if (spec.kind === 'ndjson' && spec.file !== STANDARD_INPUT) {
        await requireReadable(resolve(context.cwd, spec.file));
      }
      return await openSource(context, tables, spec, target, truncates);
    } catch (error) {
      if (mayCome()) hopedAt = monotonicMs();
      // After the run's end, the source has as long as its events.
      if (!(error instanceof SourceAbsent) || monotonicMs() - hopedAt > graceMs) throw error;
      const why = error.sentence(m);
      if (why !== warned) log.component('verify').warning(m.verify.awaitingSource({ why }));
      warned = why;
      if (spec.kind === 'ndjson') return openSource(context, tables, spec, target, truncates);
    }
    if (interrupted.aborted) return null;
    await sleep(LOOK_MS);
  }
}

/** Opens the source that the operator named; null: the operator interrupts. */
async function openSource(
  context: CommandContext,
  tables: Tables,
  spec: SourceSpec,
  target: ConnectionTarget | null,
  truncates: boolean,
): Promise<OpenSource | null> {
  const { toastPlaceholders } = context.settings.verify;
  switch (spec.kind) {
    case 'slot': {
      const { SlotSource } = await import('../../sources/slot/source.js');
      if (target === null) throw new Error('a slot without a server');
      const { verify } = context.settings;
      const source = new SlotSource({
        tables,
        target,
        slot: spec.slot,
        create: context.createSlot,
        publications: verify.publication === null ? null : [verify.publication],
        streaming: verify.streaming,
        truncates,
        reconnect: reconnectPolicy(context.settings),
        onReconnect: (_, waitMs) => warnReconnecting(context, waitMs),
      });
      const { interrupted } = context;
      const release = onAbort(interrupted, () => source.stop());
      try {
        const starting = source.start();
        await unlessStuck(interrupted, starting);
        if (interrupted.aborted) {
          starting.catch(() => undefined);
          await unlessStuck(interrupted, source.close());
          return null;
        }
        const started = await starting;
        if (started === null) return null;
        const { from } = started;
        const { publications } = source;
        const close = async () => {
          await source.close();
          if (!verify.streaming) return;
          const { streamStarts: parts } = source;
          context.log.component('verify').info(context.messages.verify.streamed({ parts }));
        };
        return { source, from, positioned: true, publications, close };
      } catch (error) {
        await unlessStuck(interrupted, source.close()).catch(() => undefined);
        if (interrupted.aborted) return null;
        throw error;
      } finally {
        release();
      }
    }
    case 'ndjson': {
      const { NdjsonSource } = await import('../../sources/ndjson/source.js');
      const path = spec.file === STANDARD_INPUT ? STANDARD_INPUT : resolve(context.cwd, spec.file);
      const source = new NdjsonSource({
        path,
        follow: true,
        format: spec.format,
        toastPlaceholders,
      });
      return { source, ...UNPLACED, close: async () => source.stop() };
    }
    case 'http': {
      const { HttpSource } = await import('../../sources/http/source.js');
      const source = new HttpSource(spec, { format: spec.format, toastPlaceholders });
      const { url } = await source.start();
      context.log.component('verify').info(context.messages.verify.listening({ url }));
      return { source, ...UNPLACED, close: () => source.close() };
    }
    case 'kafka': {
      const { KafkaSource } = await import('../../sources/kafka/source.js');
      const source = new KafkaSource({
        brokers: spec.brokers,
        prefix: spec.prefix,
        format: spec.format,
        security: context.settings.kafka,
        toastPlaceholders,
        reconnect: reconnectPolicy(context.settings),
        onReconnect: (_, waitMs) => warnReconnecting(context, waitMs),
      });
      const release = onAbort(context.interrupted, () => source.stop());
      try {
        if (!(await source.start())) return null;
      } catch (error) {
        await source.close();
        throw error;
      } finally {
        release();
      }
      return { source, ...UNPLACED, close: () => source.close() };
    }
  }
}

function warnReconnecting({ log, messages }: CommandContext, waitMs: number): void {
  log.component('verify').warning(messages.verify.reconnecting({ seconds: waitMs / 1000 }));
}
