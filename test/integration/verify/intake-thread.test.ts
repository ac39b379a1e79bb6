import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { HAZARDS_SINCE } from '../../../src/ledger/format.js';
import { messagesIn } from '../../../src/messages/index.js';
import type { TableSpec } from '../../../src/schema/table.js';
import { Tables } from '../../../src/schema/tables.js';
import { MOST_BYTES } from '../../../src/sources/intake.js';
import { NdjsonSource } from '../../../src/sources/ndjson/source.js';
import { scopeOfNames } from '../../../src/sources/scope.js';
import type { Malformed } from '../../../src/sources/source.js';
import { type EventJudge, Inbox } from '../../../src/verify/inbox.js';
import { SHAPES } from '../../debezium/shapes.js';
import { readEvents } from '../../golden/files.js';
import { recordedLines } from '../../golden/runs.js';
import { HOSPITAL_TABLES } from '../../helpers/any-scope.js';
import { randomNumbers, seedFrom } from '../../helpers/random.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { waitFor } from '../../helpers/wait-for.js';
import {
  CLOUD_EVENT,
  DELETE,
  EXAME,
  envelope,
  FLAT_META,
  FLATTENED,
  INSERT,
  MESSAGE,
  SOURCE,
} from '../../unit/sources/samples.js';

const SEED = seedFrom('INTAKE_SEED', 20_261_130);
/** Lines of one stream: several reads. */
const MANY = 1_500;
/** Share of lines that are damaged. */
const DAMAGED = 0.03;

/** Tables in which every part of a fingerprint occurs: columns that are lossy, stored out of line, or added; any key. */
const TABLES = new Tables(
  HOSPITAL_TABLES.map((table): TableSpec => {
    const { columns, key } = table;
    if (table.name === 'exames') {
      const added = [{ name: 'laudo', type: 'text' }];
      return { ...table, addedColumns: added };
    }
    if (table.name === 'medicos') {
      return { ...table, columns: columns.map((each, i) => ({ ...each, toast: i === 1 })) };
    }
    if (table.name === 'pacientes') {
      return {
        ...table,
        columns: columns.map((each, i) => ({ ...each, type: i === 0 ? 'text' : each.type })),
      };
    }
    return table.name === 'consultas'
      ? { ...table, columns: columns.map((each) => ({ ...each, lossy: !key.includes(each.name) })) }
      : table;
  }),
  (name) => HOSPITAL_TABLES.get(name).changing,
);

const PLACEHOLDER = '__debezium_unavailable_value';
const ADDED = `${EXAME.slice(0, -1)},"laudo":"são"}`;
/** Lines of every kind of call to a sink. */
const KINDS = [
  INSERT,
  DELETE,
  MESSAGE,
  envelope('c', { after: ADDED }),
  envelope('u', { after: ADDED.replace('"são"', `"${PLACEHOLDER}"`) }),
  envelope('u', { after: EXAME.replace('"id"', '"ID"') }),
  envelope('r', { after: EXAME, source: SOURCE('exames').replace('"false"', '"last"') }),
  envelope('c', { after: EXAME, source: SOURCE('exames').replace('"oltp"', '"other"') }),
  envelope('c', { after: EXAME, source: SOURCE('exames').replace('"name":"oltp",', '') }),
  envelope('c', { after: '{"id":1}', source: SOURCE('elsewhere') }),
  envelope('d', { before: '{"paciente_id":7}' }),
  envelope('t', { source: SOURCE('exames') }),
  envelope('c', {
    after: `{"id":7,"nome":"${PLACEHOLDER}"}`,
    source: SOURCE('medicos'),
  }),
  envelope('c', { after: '{"id":"a-7","nome":"Zé"}', source: SOURCE('pacientes') }),
  envelope('c', { after: '{"id":"a-7","nome":null}', source: SOURCE('Pacientes') }),
  CLOUD_EVENT(EXAME),
  FLATTENED(EXAME, FLAT_META),
  'null',
  '{"ts_ms":1772366400700}',
  '{"status":"END","id":"571:1","event_count":2,"data_collections":[],"ts_ms":1}',
  '',
  'no JSON',
];

/** The calls that a judge and the counters of its inbox got, without the time of arrival. */
async function callsOf(
  path: string,
  version: number,
  apart: boolean,
): Promise<{ readonly calls: readonly unknown[]; readonly failure: string | null }> {
  const calls: unknown[] = [];
  const note = (kind: string) => (event: object, fingerprint?: object) => {
    calls.push([kind, { ...event, receivedAt: 0 }, fingerprint]);
    return true;
  };
  const judge: EventJudge = {
    row: note('row'),
    changeWithoutKey: note('keyless'),
    truncate: note('truncate'),
    message: note('message'),
    noteOtherTables: () => calls.push(['other tables']),
  };
  const inbox = new Inbox(TABLES, judge, version, ({ position, reason }: Malformed) => {
    calls.push(['malformed', position, reason(messagesIn('en')), reason(messagesIn('pt-BR'))]);
  });
  const source = new NdjsonSource({ path, follow: false, apart });
  const failure = await source.run(inbox, scopeOfNames(TABLES)).then(
    () => null,
    (error: unknown) => String(error),
  );
  const { ignoredCounts, unstatedFacts, rows, precedingEnd, isIdle } = inbox;
  calls.push({ ignoredCounts, unstatedFacts, rows, precedingEnd, isIdle });
  inbox.close();
  return { calls, failure };
}

async function assertSame(path: string, version: number): Promise<readonly unknown[]> {
  const here = await callsOf(path, version, false);
  const apart = await callsOf(path, version, true);
  assert.deepEqual(apart, here);
  return here.calls;
}

test(`a thread of its own gives the same calls in the same order (INTAKE_SEED=${SEED})`, async () => {
  const random = randomNumbers(SEED);
  const pool = [
    ...KINDS,
    ...SHAPES.flatMap(readEvents),
    ...[1, 2].flatMap((format) => recordedLines(format, 'unruly')),
  ];
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const damaged = (line: string) => {
    const at = Math.floor(random() * line.length);
    return random() < 0.5 ? line.slice(0, at) : `${line.slice(0, at)}}${line.slice(at + 1)}`;
  };
  await withTempFolder(async (folder) => {
    const kinds = new Set<unknown>();
    for (const version of [1, 2, HAZARDS_SINCE]) {
      const lines = Array.from({ length: MANY }, () => {
        const line = random() < 0.3 ? pick(KINDS) : pick(pool);
        return random() < DAMAGED ? damaged(line) : line;
      });
      const path = join(folder, `events-${version}`);
      writeFileSync(path, lines.join('\n'));
      for (const call of await assertSame(path, version))
        kinds.add(Array.isArray(call) ? call[0] : null);
      writeFileSync(`${path}.gz`, gzipSync(lines.join('\n')));
      await assertSame(`${path}.gz`, version);
    }
    assert.deepEqual(
      kinds,
      new Set(['row', 'keyless', 'truncate', 'message', 'malformed', 'other tables', null]),
    );
  });
});

test('a line that is too long, bytes that are no text and a last line without a line feed are the same', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'events');
    const long = `"${'x'.repeat(MOST_BYTES)}"`;
    writeFileSync(path, `${INSERT}\n${long}\n${DELETE}\n`);
    appendFileSync(path, Buffer.concat([Buffer.from([0xff, 0x0a]), Buffer.from(INSERT)]));
    const calls = await assertSame(path, 2);
    assert.deepEqual(
      calls.map((call) => (Array.isArray(call) ? call[0] : null)),
      ['row', 'malformed', 'row', 'malformed', 'row', null],
    );
    writeFileSync(path, '');
    await assertSame(path, 2);
    writeFileSync(path, gzipSync(`${INSERT}\n`.repeat(MANY)).subarray(0, -20));
    const { failure } = await callsOf(path, 2, true);
    assert.match(failure ?? '', /gzip/);
    await assertSame(path, 2);
  });
});

/** Follows a file on a thread of its own during `body`. */
async function following(
  path: string,
  judge: EventJudge,
  body: (inbox: Inbox, source: NdjsonSource, ended: Promise<unknown>) => Promise<void>,
): Promise<void> {
  const inbox = new Inbox(HOSPITAL_TABLES, judge, 2, () => undefined);
  const source = new NdjsonSource({ path, follow: true, apart: true });
  const ended = source.run(inbox, scopeOfNames(HOSPITAL_TABLES)).then(
    () => null,
    (error: unknown) => error,
  );
  try {
    await body(inbox, source, ended);
  } finally {
    source.stop();
    await ended;
    inbox.close();
  }
}

function judgeOf(row: EventJudge['row']): EventJudge {
  return {
    row,
    changeWithoutKey: () => true,
    truncate: () => true,
    message: () => true,
    noteOtherTables: () => undefined,
  };
}

test('a file that grows is idle between its parts, with all of their events taken', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'events');
    writeFileSync(path, `${INSERT}\n`.repeat(MANY));
    const judge = judgeOf(() => true);
    await following(path, judge, async (inbox, source, ended) => {
      await waitFor(() => inbox.isIdle);
      assert.equal(inbox.rows, MANY);
      appendFileSync(path, `${INSERT}\n${INSERT.slice(0, -5)}`);
      await waitFor(() => inbox.rows === MANY + 1);
      await waitFor(() => inbox.isIdle);
      source.stop();
      assert.equal(await ended, null);
      assert.equal(inbox.malformedCount, 0);
    });
  });
});

test('events that wait for the ledger hold back the reading', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'events');
    const lines = 200_000;
    writeFileSync(path, `${INSERT}\n`.repeat(lines));
    let taken = 0;
    let isRecorded = false;
    let isStarting = () => false;
    let wasStarting = false;
    const judge = judgeOf(() => {
      wasStarting ||= isStarting();
      if (isRecorded) taken++;
      return isRecorded;
    });
    await following(path, judge, async (inbox) => {
      isStarting = () => inbox.isStarting;
      await waitFor(() => inbox.waiting > 20_000);
      const { rows } = inbox;
      assert.ok(rows < lines / 2, `${rows} of ${lines} were read`);
      isRecorded = true;
      await waitFor(() => inbox.isIdle);
      assert.equal(taken, lines);
      assert.deepEqual([wasStarting, inbox.isStarting], [true, false]);
    });
  });
});

test('the failure of a judge ends the source', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'events');
    writeFileSync(path, `${INSERT}\n`);
    const defect = new Error('a defect');
    const judge = judgeOf(() => {
      throw defect;
    });
    await following(path, judge, async (_, __, ended) => {
      assert.equal(await ended, defect);
    });
  });
});
