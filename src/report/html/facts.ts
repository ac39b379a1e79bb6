import type { RunRecord } from '../../runs/record.js';
import { listOf, streamSettings } from '../../runs/recorded-settings.js';
import { type Content, html } from './markup.js';
import type { Writer } from './writer.js';

/** A label and its value. */
type Fact = readonly [label: string, value: string];

/** The load of a run, and its server, machine and program. Members that a run of an earlier version lacks are left out. */
export function factsOf(w: Writer, run: RunRecord): Fact[] {
  const { m } = w;
  const facts: [string, string | null][] = [
    [m.fact.load(), loadOf(w, run)],
    [m.fact.workers(), workersOf(w, run)],
    [m.fact.mix(), mixOf(w, run)],
    [m.fact.server(), serverOf(w, run)],
    [m.fact.machine(), machineOf(w, run)],
    [m.fact.program(), programOf(run)],
  ];
  return facts.flatMap(([label, value]) => (value === null ? [] : [[label, value] as const]));
}

/** The facts as a list; empty if nothing is known. */
export function factList(w: Writer, run: RunRecord): Content {
  const facts = factsOf(w, run);
  if (facts.length === 0) return '';
  return html`<dl class="facts">${facts.map(
    ([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}

function loadOf(w: Writer, { settings, summary }: RunRecord): string | null {
  const { stream } = w.messages;
  const { rate, batchSize, intervalSeconds, maxJitterMs } = streamSettings(settings);
  const batch = Number(batchSize ?? summary?.batch_size);
  if (!Number.isFinite(batch)) return null;
  const stages = listOf(settings, 'stages');
  if (stages.length > 0) return stream.paceStages({ stages, batch });
  if (rate === 'max') return stream.paceMax({ batch });
  if (typeof rate === 'number') return stream.paceRate({ rate, batch });
  if (typeof intervalSeconds !== 'number' || typeof maxJitterMs !== 'number') return null;
  return stream.paceCycle({ interval: intervalSeconds, jitter: maxJitterMs, batch });
}

function workersOf(w: Writer, { settings, summary }: RunRecord): string | null {
  const { workers, only } = streamSettings(settings);
  const count = summary?.workers ?? workers;
  if (typeof count !== 'number') return null;
  const types = Array.isArray(only) && only.length > 0 ? ` · ${only.join(', ')}` : '';
  return `${w.count(count)}${types}`;
}

/** Shares of inserts, updates and deletes. */
function mixOf(w: Writer, { settings }: RunRecord): string | null {
  const { updateRatio: updates, deleteRatio: deletes } = streamSettings(settings);
  if (typeof updates !== 'number' || typeof deletes !== 'number') return null;
  return w.m.fact.shares({
    inserts: w.share(1 - updates - deletes, 1),
    updates: w.share(updates, 1),
    deletes: w.share(deletes, 1),
  });
}

function serverOf(w: Writer, { settings, description }: RunRecord): string | null {
  if (settings === null && description === null) return null;
  const named = settings?.server as { host?: string; port?: number; database?: string } | null;
  const version = description === null ? 'PostgreSQL' : `PostgreSQL ${description.server.version}`;
  if (named == null) return w.m.fact.embedded({ server: version });
  const { host, port, database } = named;
  const place = [host, port].filter((part) => part !== undefined).join(':');
  return `${version} · ${place}${database === undefined ? '' : `/${database}`}`;
}

function machineOf(w: Writer, { description }: RunRecord): string | null {
  if (description === null) return null;
  const { system, architecture, processor, cores, memory_bytes } = description.machine;
  return [
    w.m.coresOf({ cores: w.count(cores) }),
    processor,
    w.bytes(memory_bytes),
    `${system} ${architecture}`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

function programOf({ description }: RunRecord): string | null {
  if (description === null) return null;
  const { version, node } = description.program;
  return `oltp-simulator ${version} · Node.js ${node}`;
}
