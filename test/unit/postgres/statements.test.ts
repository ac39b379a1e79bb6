import assert from 'node:assert/strict';
import test from 'node:test';
import {
  insertLinks,
  insertRows,
  lockParents,
  tableLabel,
} from '../../../src/postgres/statements.js';
import { baseType, type TableSpec } from '../../../src/schema/table.js';
import { Tables } from '../../../src/schema/tables.js';
import { TABLES as HOSPITAL_TABLES } from '../../../src/schemas/hospital/tables.js';
import { KEY_KINDS } from '../../helpers/key-kinds.js';

test('two tables with long names have statements of different names', () => {
  const { tables } = KEY_KINDS;
  const long = 'x'.repeat(62);
  const named = (name: string): TableSpec => ({ ...tables.get('orders'), name, relation: name });
  const both = new Tables([named(`${long}a`), named(`${long}b`)]);
  const names = both.map((table) => insertRows(table, [], 'rows').name);
  assert.equal(new Set(names).size, 2);
  // The server keeps 63 bytes of a name.
  for (const name of names) assert.ok(Buffer.byteLength(name) <= 63, name);
  assert.equal(tableLabel(tables.get('orders')), 'orders');
});

test('a column is sent as an array of its type, or as text with a cast where that cannot be', () => {
  const { text, types } = insertRows(KEY_KINDS.tables.get('notes'), [], 'exact');
  assert.deepEqual(types.slice(0, 5), ['bigint', 'bigint', 'date', 'timestamp', 'varchar']);
  for (const { type } of KEY_KINDS.tables.get('notes').columns.slice(4, -1)) {
    const cast = `::${baseType(type)}`;
    assert.ok(text.includes(`${cast},`) || text.includes(`${cast} `), `${cast} in ${text}`);
  }
});

test('one row is sent as values, with the casts of its columns', () => {
  const notes = KEY_KINDS.tables.get('notes');
  const row = notes.columns.map(() => null);
  const one = insertRows(notes, [row], 'exact');
  const two = insertRows(notes, [row, row], 'exact');
  assert.equal(one.isOneRow, true);
  assert.equal(two.isOneRow, false);
  assert.notEqual(one.name, two.name);
  assert.deepEqual(one.types, two.types);
  assert.match(
    one.text,
    /VALUES \(\$1::bigint, \$2::bigint, \$3::date, \$4::timestamp, \$5::varchar::jsonb, /,
  );
  // A statement that returns its rows returns an array of them.
  assert.equal(insertRows(notes, [row], 'ids').isOneRow, false);
});

test('links find the rows that they reference by the keys of their tables', () => {
  const renamed = (spec: TableSpec): TableSpec => {
    const [id, ...others] = spec.columns;
    return { ...spec, key: ['número'], columns: [{ ...id!, name: 'número' }, ...others] };
  };
  const table = new Tables(HOSPITAL_TABLES.map(renamed)).get('pacientes_convenios');
  const { text: lock } = lockParents(table, table.links!, []);
  assert.match(lock, /SELECT "número" FROM pacientes WHERE "número" = ANY/);
  assert.match(lock, /array_agg\("número"\)/);
  const { text: insert } = insertLinks(table, table.links!, [], 'ids');
  assert.match(insert, /FROM convenios c WHERE c\."número" = u\.convenio_id/);
});
