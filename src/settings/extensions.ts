import { HAZARD_NAMES, type HazardName, type Hazards } from '../hazards/hazards.js';
import { chosenHazards } from '../hazards/parse.js';
import { isPossible } from '../hazards/possible.js';
import { Metrics } from '../report/metrics.js';
import type { EventType } from '../schema/event.js';
import type { TableName } from '../schema/table.js';
import { EXTENSION_NAMES, schemaWith } from '../schemas/index.js';
import { inOrderOfVolumes, type OptionKey, type Values } from './options.js';
import type { Given, Problem } from './source.js';

/*
 * Settings that depend on the extensions that are asked for: volumes are those of the run's tables, weights those of its
 * event types.
 */

/** Rows that each table should hold, before `scale` and `min_rows`. */
export function volumesOf(values: Values): Record<TableName, number> {
  const { tables } = schemaWith(values['schema.extensions']);
  return Object.fromEntries(
    // The validator of every volume gives a number.
    inOrderOfVolumes(tables).map(({ name, volume }) => [
      name,
      values[`seed.${volume.setting}`] as number,
    ]),
  );
}

/**
 * The weight of each event type. A type that is left out weighs 0; an extension keeps its own weights
 * unless the operator names one of its types, so that weights for the hospital's types may stand in a file.
 */
export function weightsOf(values: Values): Record<EventType, number> {
  const extensions = values['schema.extensions'];
  const given = values['stream.weights'];
  const own = (extension: string) => {
    const types = typesOf(extension);
    return types.some((type) => type in given) ? [] : types;
  };
  const untouched = new Set(extensions.flatMap(own));
  const { events } = schemaWith(extensions);
  return Object.fromEntries(
    [...events.values()].map(({ type, weight }) => [
      type,
      untouched.has(type) ? weight : (given[type] ?? 0),
    ]),
  );
}

/** The hazards of a run: `all` means those that its tables can have. */
export function hazardsOf(values: Values): Hazards {
  const { hazards } = schemaWith(values['schema.extensions']);
  return chosenHazards(values['stream.hazards'], hazards);
}

/** A sentence on the event types, weights, thresholds and hazards of each extension that is not asked for. */
export function notAsked(values: Values, given: ReadonlyMap<OptionKey, Given>): Problem[] {
  const extensions = values['schema.extensions'];
  const weighed = Object.entries(values['stream.weights']).filter(([, weight]) => weight > 0);
  const metrics = values['stream.thresholds'].map(({ metric }) => metric);
  const { named } = values['stream.hazards'];
  const asked = HAZARD_NAMES.filter((name) => named[name] !== undefined && named[name] !== null);
  return EXTENSION_NAMES.filter((name) => !extensions.includes(name)).flatMap((extension) => {
    const types = typesOf(extension);
    const isType = (name: string) => types.includes(name);
    const named: readonly (readonly [OptionKey, readonly string[]])[] = [
      ['stream.only', values['stream.only'].filter(isType)],
      ['stream.weights', weighed.map(([type]) => type).filter(isType)],
      ['stream.thresholds', metricsOf(extension, extensions, metrics)],
      ['stream.hazards', hazardsIn(extension, extensions, asked)],
    ];
    return named
      .filter(([, names]) => names.length > 0)
      .map(
        ([key, names]): Problem =>
          (m) =>
            m.settings.notAsked(given.get(key)?.where(m) ?? key, names, extension),
      );
  });
}

/** Those of the metrics that need an extension. Most commands have none: making the lists takes milliseconds. */
function metricsOf(
  extension: string,
  asked: readonly string[],
  metrics: readonly string[],
): readonly string[] {
  if (metrics.length === 0) return [];
  const known = new Metrics(schemaWith(asked));
  const own = new Metrics(schemaWith([extension]));
  return metrics.filter((name) => known.find(name) === undefined && own.find(name) !== undefined);
}

/** Those of the hazards that need an extension. */
function hazardsIn(
  extension: string,
  asked: readonly string[],
  names: readonly HazardName[],
): readonly HazardName[] {
  const { hazards: known } = schemaWith(asked);
  const { hazards: more } = schemaWith([...asked, extension]);
  return names.filter((name) => !isPossible(name, known) && isPossible(name, more));
}

/** The event types that an extension adds. */
function typesOf(extension: string): readonly EventType[] {
  const { events } = schemaWith([]);
  return schemaWith([extension]).eventTypes.filter((type) => !events.has(type));
}
