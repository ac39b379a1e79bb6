import type { Settings } from './settings.js';

/** What may be written down of the settings of a run: nothing that lets anybody in. */
export function withoutSecrets(settings: Settings): Record<string, unknown> {
  // What `verify` needs of Kafka is not of a run.
  const { server, stream, kafka: _kafka, ...others } = settings;
  const { password: _, ...shown } = server ?? { password: null };
  const stages = stream.stages.map(({ text }) => text);
  const thresholds = stream.thresholds.map(({ text }) => text);
  return {
    server: server === null ? null : shown,
    ...others,
    stream: { ...stream, stages, thresholds },
  };
}
