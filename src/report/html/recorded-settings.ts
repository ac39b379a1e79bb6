import type { RunRecord } from '../../runs/record.js';

type RecordedSettings = RunRecord['settings'];

/** Members of a run's settings for `stream`; empty where they were not recorded. */
export function streamSettings(settings: RecordedSettings): Readonly<Record<string, unknown>> {
  const stream = settings?.stream;
  return typeof stream === 'object' && stream !== null ? (stream as Record<string, unknown>) : {};
}

/** The name that the operator gave a run, or else its id. */
export function nameOf({ settings, runId }: RunRecord): string {
  const { name } = streamSettings(settings);
  return typeof name === 'string' && name !== '' ? name : runId;
}

/** The operator's note on a run; empty without one. */
export function noteOf({ settings }: RunRecord): string {
  const { note } = streamSettings(settings);
  return typeof note === 'string' ? note : '';
}

/** A list of texts among them. Earlier versions recorded stages and thresholds as objects that have a text. */
export function listOf(settings: RecordedSettings, name: 'stages' | 'thresholds'): string[] {
  const list = streamSettings(settings)[name];
  if (!Array.isArray(list)) return [];
  return list.map((each) => String((each as { text?: string } | null)?.text ?? each));
}
