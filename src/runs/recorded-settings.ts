/** `settings.json` of a run, parsed; null if there is none. */
export type RecordedSettings = Readonly<Record<string, unknown>> | null;

/** Members of a run's settings for `stream`; empty where they were not recorded. */
export function streamSettings(settings: RecordedSettings): Readonly<Record<string, unknown>> {
  const stream = settings?.stream;
  return typeof stream === 'object' && stream !== null ? (stream as Record<string, unknown>) : {};
}

/** A list of texts among them. Earlier versions recorded stages and thresholds as objects that have a text. */
export function listOf(
  settings: RecordedSettings,
  name: 'stages' | 'thresholds' | 'hazards',
): string[] {
  const list = streamSettings(settings)[name];
  if (!Array.isArray(list)) return [];
  return list.map((each) => String((each as { text?: string } | null)?.text ?? each));
}
