import assert from 'node:assert/strict';
import test from 'node:test';
import { END, JsonError, JsonReader, KIND, MOST_DEPTH } from '../../../src/sources/json/reader.js';
import { Names } from '../../../src/sources/json/text.js';
import { randomNumbers } from '../../helpers/random.js';

const TRIES = 20_000;
const NAMES = ['id', 'a', 'after', 'nome', 'é', ''];

/** One reader for all: it learns. */
const reader = new JsonReader(new Names(NAMES));

/** The reader's values of a text, with numbers as their digits. */
function read(text: string | Buffer): unknown {
  const bytes = Buffer.from(text);
  reader.load(Buffer.concat([bytes, Buffer.from('\n')]));
  reader.open(0, bytes.length);
  const value = readValue();
  reader.close();
  return value;
}

function readValue(): unknown {
  const kind = reader.value();
  const { start, stop } = reader;
  switch (kind) {
    case KIND.null:
      return null;
    case KIND.true:
      return true;
    case KIND.false:
      return false;
    case KIND.integer:
    case KIND.decimal:
      return Number(reader.ascii(start, stop));
    case KIND.array: {
      const array: unknown[] = [];
      for (let more = reader.firstElement(); more; more = reader.nextElement()) {
        array.push(readValue());
      }
      return array;
    }
    case KIND.object: {
      // Names are numbers here: a known one has its own number, all others share one.
      const object: unknown[] = [];
      for (let name = reader.firstName(); name !== END; name = reader.nextName()) {
        object.push([NAMES[name] ?? name >= -1, readValue()]);
      }
      return { object };
    }
  }
  return reader.string(kind, start, stop);
}

/** The same of JSON.parse's values. */
function shaped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shaped);
  if (typeof value !== 'object' || value === null) return value;
  const object = Object.entries(value).map(([name, member]) => [
    NAMES.includes(name) ? name : true,
    shaped(member),
  ]);
  return { object };
}

/** Whether a reader that only skips values accepts a text. */
function skips(text: Buffer): boolean {
  reader.load(Buffer.concat([text, Buffer.from('\n')]));
  reader.open(0, text.length);
  try {
    reader.skip();
    reader.close();
    return true;
  } catch (error) {
    if (error instanceof JsonError) return false;
    throw error;
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('the reader reads random JSON as JSON.parse does', () => {
  const random = randomNumbers(11);
  const below = (end: number) => Math.floor(random() * end);
  const character = () =>
    [
      () => String.fromCharCode(below(0x80)),
      () => String.fromCharCode(below(0x10000)),
      () => String.fromCodePoint(0x1f300 + below(0x200)),
      () => '"\\/\b\f\n\r\t'[below(8)]!,
    ][below(4)]!();
  const text = () => Array.from({ length: below(12) }, character).join('');
  const make = (depth: number): unknown => {
    const kinds = depth > 5 ? 5 : 7;
    switch (below(kinds)) {
      case 0:
        return null;
      case 1:
        return random() < 0.5;
      case 2:
        return below(2 ** 31) - 2 ** 30;
      case 3:
        return (random() - 0.5) * 10 ** (below(40) - 20);
      case 4:
        return text();
      case 5:
        return Array.from({ length: below(5) }, () => make(depth + 1));
    }
    // A name that is a number would be moved to the front by JavaScript.
    const entries = Array.from({ length: below(5) }, (_, i) => [
      random() < 0.5 ? NAMES[below(NAMES.length)] : `x${i}${text()}`,
      make(depth + 1),
    ]);
    return Object.fromEntries(entries);
  };
  for (let i = 0; i < TRIES; i++) {
    const value = make(0);
    const indent = i % 3 === 0 ? ' \t'.slice(0, below(3)) : undefined;
    let json = JSON.stringify(value, null, indent);
    // Letters that are no part of an escape.
    if (i % 5 === 0) {
      json = json.replaceAll(/[g-zé]/g, (c, at: number) =>
        json[at - 1] !== '\\' && insideString(json, at)
          ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
          : c,
      );
    }
    assert.deepEqual(read(json), shaped(JSON.parse(json)), json);
  }
});

function insideString(json: string, at: number): boolean {
  let inside = false;
  for (let i = 0; i < at; i++) {
    if (json[i] === '\\') i++;
    else if (json[i] === '"') inside = !inside;
  }
  return inside;
}

test('the reader refuses exactly the texts that JSON.parse refuses', () => {
  const random = randomNumbers(12);
  const below = (end: number) => Math.floor(random() * end);
  const samples = [
    '{"id":1,"nome":"a\\u00e9\\"b","after":[1,-2.5e+3,null,true,false,{}]}',
    '[[],[0],[-0.0],"\\\\",{"a":{"a":{"a":""}}}]',
    '"\\b\\f\\n\\r\\t\\/\\ud83d\\ude00"',
    '-12.34E-56',
    ' { "id" : [ ] } ',
  ];
  const alphabet = '{}[]:,"\\0123456789.eE+-truefalsn \t\n\u0001a/';
  let accepted = 0;
  for (let i = 0; i < 5 * TRIES; i++) {
    const letters = [...samples[below(samples.length)]!];
    for (let n = 1 + below(3); n > 0; n--) {
      const at = below(letters.length + 1);
      const letter = alphabet[below(alphabet.length)]!;
      letters.splice(at, below(2), ...(random() < 0.6 ? [letter] : []));
    }
    const text = letters.join('');
    const right = parses(text);
    if (right) accepted++;
    assert.equal(skips(Buffer.from(text)), right, JSON.stringify(text));
  }
  assert.ok(accepted > TRIES / 4);
});

test('texts that are not JSON are refused, for each kind of mistake', () => {
  const wrong = [
    '',
    ' ',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '-',
    '+1',
    '01',
    '-01',
    '1.',
    '.5',
    '1e',
    '1e+',
    '0x1',
    'nul',
    'nulL',
    'truE',
    'fals',
    'NaN',
    'Infinity',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{,}',
    '{a:1}',
    "{'a':1}",
    '[1,]',
    '[,1]',
    '[1 2]',
    '{"a":1 "b":2}',
    '1 2',
    '"a\nb"',
    '"\\x"',
    '"\\u12g4"',
    '"\\u12',
    '"\\',
    '[1}',
    '{"a":1]',
    '"a',
    '\u00a0',
    '\ufeff1',
    '/**/1',
    '{"a"1}',
    '[1:2]',
    '{"a",1}',
  ];
  for (const text of wrong) {
    assert.equal(skips(Buffer.from(text)), false, text);
    assert.equal(parses(text), false, text);
  }
});

test('integers keep every digit, and are numbers only where those are exact', () => {
  const numbers: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['7', 7],
    ['-7', -7],
    ['999999999', 999_999_999],
    ['1000000000', 1_000_000_000],
    ['-4294967296', -4_294_967_296],
    ['9007199254740991', 2 ** 53 - 1],
    ['-9007199254740991', 1 - 2 ** 53],
    ['9007199254740992', Number.NaN],
    ['9999999999999999', Number.NaN],
    ['12345678901234567', Number.NaN],
  ];
  for (const [text, number] of numbers) {
    assert.equal(skips(Buffer.from(text)), true);
    assert.equal(reader.kind, KIND.integer);
    assert.equal(reader.ascii(reader.start, reader.stop), text);
    assert.equal(reader.integer(reader.start, reader.stop), number);
  }
  const random = randomNumbers(13);
  for (let i = 0; i < TRIES; i++) {
    const number = Math.floor((random() - 0.5) * 10 ** Math.floor(random() * 16));
    assert.equal(skips(Buffer.from(String(number))), true);
    assert.equal(reader.integer(reader.start, reader.stop), number + 0);
  }
});

test('nesting deeper than MOST_DEPTH is refused, and does not fill the stack', () => {
  const nested = (levels: number) => Buffer.from('['.repeat(levels) + ']'.repeat(levels));
  assert.equal(skips(nested(MOST_DEPTH)), true);
  assert.equal(skips(nested(MOST_DEPTH + 1)), false);
  assert.equal(skips(nested(1_000_000)), false);
  assert.equal(skips(Buffer.from('{"a":'.repeat(1_000_000))), false);
});

test('rewind goes back to a value any number of times', () => {
  const bytes = Buffer.from('{"a":[1]}\n');
  reader.load(bytes);
  reader.open(0, bytes.length - 1);
  for (let i = 0; i < 10 * MOST_DEPTH; i++) {
    assert.equal(reader.value(), KIND.object);
    reader.rewind(0);
  }
  reader.skip();
  reader.close();
});

test('names beyond the limit, and long ones, are not taken for known ones', () => {
  const many = Array.from({ length: 5000 }, (_, i) => `"name ${i}":${i}`).join();
  const long = 'id'.repeat(1000);
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(read(`{"id":1,${many},"${long}":2,"nome":3}`), {
      object: [
        ['id', 1],
        ...Array.from({ length: 5000 }, (_, i) => [true, i]),
        [true, 2],
        ['nome', 3],
      ],
    });
  }
});
