import assert from 'node:assert/strict';
import test from 'node:test';
import { schemaWith } from '../../../src/schemas/index.js';
import { Intake } from '../../../src/sources/intake.js';
import { scopeOfNames } from '../../../src/sources/scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import type { ReceivedRow } from '../../helpers/received-row.js';

const { tables } = schemaWith(['prontuario']);
const ITENS = 'faturamento."Itens da Conta"';

const NAMES = ['Código', 'Item Principal', 'Paciente', 'Descrição', 'Quantidade'];
const VALUES = ['"A"', 'null', '7', '"Kit"', '2'];

interface Named {
  readonly table?: string;
  /** Changes the names of columns. */
  readonly fold?: (name: string) => string;
  readonly op?: 'c' | 'd';
  readonly schema?: string;
}

function lineOf({ table = 'Itens da Conta', fold = (name) => name, ...of }: Named): string {
  const { op = 'c', schema = 'faturamento' } = of;
  const row = `{${NAMES.map((name, i) => `${JSON.stringify(fold(name))}:${VALUES[i]}`).join()}}`;
  const source = `{"db":"x","schema":"${schema}","table":"${table}","name":"oltp","txId":7,"lsn":9,"ts_us":5}`;
  const images = op === 'c' ? `"before":null,"after":${row}` : `"before":${row},"after":null`;
  return `{${images},"source":${source},"op":"${op}","ts_us":6}`;
}

function collect(...lines: readonly string[]): CollectingSink {
  const sink = new CollectingSink(tables);
  const intake = new Intake(sink, scopeOfNames(tables));
  for (const [i, line] of lines.entries()) intake.line(Buffer.from(line), 0, i + 1, 0);
  assert.deepEqual(sink.problems, []);
  return sink;
}

const lower = (name: string) => name.toLowerCase();
const only = (own: string) => (name: string) => (name === own ? lower(name) : name);
const shown = ({ table, key, renamed, values }: ReceivedRow) => ({
  ...{ table, key, renamed },
  values: values?.slice(0, NAMES.length),
});

const ROW = { table: ITENS, key: 'A', values: ['A', null, '7', 'Kit', '2'] };

test("a table or a column whose name is folded to lower case is read as the run's, and the event says the name", () => {
  const cases: readonly (readonly [Named, string | undefined])[] = [
    [{}, undefined],
    [{ table: 'itens da conta' }, 'itens da conta'],
    [{ fold: lower }, 'código'],
    [{ fold: only('Código') }, 'código'],
    [{ fold: only('Quantidade') }, 'quantidade'],
    [{ table: 'itens da conta', fold: lower }, 'itens da conta'],
  ];
  for (const [named, renamed] of cases) {
    // The second event of a kind is read by the template of the first.
    const line = lineOf(named);
    const rows = collect(lineOf({}), line, line, lineOf({})).rows.map(shown);
    const [plain, folded] = [
      { ...ROW, renamed: undefined },
      { ...ROW, renamed },
    ];
    assert.deepEqual(rows, [plain, folded, folded, plain]);
    const [deleted] = collect(lineOf({ ...named, op: 'd' })).rows.map(shown);
    assert.deepEqual(deleted, { ...folded, values: undefined });
  }
});

test('other names are no folded ones: upper case, another schema, and a table without the key', () => {
  for (const named of [
    { table: 'ITENS DA CONTA' },
    { table: 'itens da conta', fold: () => 'id' },
  ]) {
    const { rows, ignoredKinds } = collect(lineOf(named));
    assert.deepEqual(rows, []);
    assert.deepEqual(ignoredKinds, ['other_table']);
  }
  const { rows } = collect(lineOf({ table: 'itens da conta', schema: 'arquivo' }));
  assert.deepEqual(rows, []);
});

test('values under folded names are those of each event', () => {
  const quantities = ['2', '33', '444', '5'];
  const lines = quantities.map((n) =>
    lineOf({ fold: lower }).replace(/"quantidade":2/, `"quantidade":${n}`),
  );
  const { rows } = collect(...lines);
  assert.deepEqual(
    rows.map(({ values }) => values?.[NAMES.indexOf('Quantidade')]),
    quantities,
  );
});
