import type { Rng } from '../../../src/random/rng.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { changeValue } from './changes.js';
import {
  type Expectation,
  eventText,
  type Kind,
  type Mutant,
  UNCHANGED,
  violation,
} from './mutant.js';
import type { Sample } from './sample.js';

/** Times that a connector goes back within a replay. */
const MOST_REWINDS = 4;

function ownPlaces(sample: Sample): number[] {
  return sample.own.flatMap(({ begin, end }) =>
    Array.from({ length: end - begin }, (_, i) => begin + i),
  );
}

function repeated(replayed: number): Expectation {
  return replayed > 0 ? { verdict: 'duplicates', replayed } : UNCHANGED;
}

function repeatAtOnce(sample: Sample, rng: Rng): Mutant {
  const at = rng.pick(ownPlaces(sample));
  const event = sample.events[at]!;
  return {
    script: sample.events.toSpliced(at, 0, event),
    description: `twice: ${eventText(event)}`,
    expected: repeated(1),
  };
}

/** Repeats one event, and continues where it was. */
function repeatFar(sample: Sample, rng: Rng): Mutant | null {
  const places = ownPlaces(sample);
  const first = rng.below(places.length);
  const from = places[first]!;
  // A new event must follow: a stream that ends within a replay may continue it.
  const to = rng.between(from + 1, sample.events.length);
  const event = sample.events[from]!;
  const between = sample.countOwn(from + 1, to);
  const next = places.find((at) => at >= to);
  if (next === undefined || between === 0) return null;
  return {
    script: sample.events.toSpliced(to, 0, event),
    description: `${eventText(event)} once more before place ${to}`,
    expected: duplicated([event, sample.events[next]!]),
  };
}

/** The example is the repeated event, or the new one that ended the replay too early. */
function duplicated(events: readonly ReceivedRow[]): Expectation {
  const keys = events.map(({ key }) => key);
  const xids = events.map(({ xid }) => xid ?? 0);
  return violation([{ violation: 'duplicated', details: ['replay_skips'], keys, xids }]);
}

/** A connector goes back at any place, perhaps again during the replay. */
function rewind(sample: Sample, rng: Rng): Mutant {
  const script = [...sample.events];
  const at = rng.between(1, sample.events.length);
  const { replay, jumps } = replayTo(sample, rng, at, rng.between(1, MOST_REWINDS));
  script.splice(at, 0, ...replay.map((place) => sample.events[place]!));
  return {
    script,
    description: `at place ${at} back to ${jumps}`,
    expected: repeated(replay.filter((place) => sample.isOwn(place)).length),
  };
}

/** Places of the repeated events, until `at` is reached again. */
function replayTo(sample: Sample, rng: Rng, at: number, rewinds: number) {
  const replay: number[] = [];
  const jumps: number[] = [];
  let now = at;
  for (let i = 1; i <= rewinds; i++) {
    const back = Math.max(0, now - 1 - rng.below(rng.chance(0.5) ? 6 : sample.events.length));
    const to = i === rewinds ? at : rng.between(back + 1, at);
    for (let place = back; place < to; place++) replay.push(place);
    jumps.push(back);
    now = to;
  }
  return { replay, jumps };
}

/** The stream ends in the middle of a replay, which may continue later. */
function endInReplay(sample: Sample, rng: Rng): Mutant {
  const { length } = sample.events;
  const from = rng.below(length);
  const to = rng.between(from, length);
  return {
    script: [...sample.events, ...sample.events.slice(from, to)],
    description: `at its end back to ${from}, up to ${to}`,
    expected: repeated(sample.countOwn(from, to)),
  };
}

function replayWithGap(sample: Sample, rng: Rng): Mutant | null {
  const places = ownPlaces(sample);
  if (places.length < 4) return null;
  const at = rng.between(3, places.length - 1);
  const from = rng.below(at - 2);
  const gap = rng.between(from + 1, at - 2);
  const on = rng.between(gap + 1, at - 1);
  const event = (i: number) => sample.events[places[i]!]!;
  const replay = [...range(from, gap), ...range(on, at)].map(event);
  return {
    script: sample.events.toSpliced(places[at]!, 0, ...replay),
    description: `at place ${places[at]} back to ${places[from]}, without ${places[gap]} to ${places[on]}`,
    expected: duplicated([event(on)]),
  };
}

function replayChanged(sample: Sample, rng: Rng): Mutant | null {
  const at = rng.between(1, sample.events.length);
  const from = rng.below(at);
  const changed = rng.between(from, at - 1);
  const event = sample.events[changed]!;
  if (!sample.isOwn(changed) || event.values === null) return null;
  // Not the id: it would make the event another row's.
  const place = rng.between(1, event.values.length - 1);
  const other = changeValue(event, place, rng);
  const replay = sample.events.slice(from, at).with(changed - from, other);
  return {
    script: sample.events.toSpliced(at, 0, ...replay),
    description: `at place ${at} back to ${from}, with another value ${place} of ${eventText(event)}`,
    expected: violation([
      {
        violation: 'altered',
        details: ['replay_differs'],
        keys: [event.key],
        xids: [event.xid ?? 0],
      },
    ]),
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

export const REPEATS: readonly Kind[] = [
  { name: 'an event twice in a row', make: repeatAtOnce },
  { name: 'an event repeated far later', make: repeatFar, weight: 2 },
  { name: 'legal rewinds', make: rewind, weight: 4 },
  { name: 'an end within a replay', make: endInReplay },
  { name: 'a replay with a gap', make: replayWithGap, weight: 2 },
  { name: 'a replay with another value', make: replayChanged, weight: 2 },
];
