import type { Change, Column, Steps } from './consumer.js';
import { elementsOf, string } from './values.js';

/** A fault of a consumer, in one of its forms. */
export interface Fault {
  /** The name of the fault; its forms share it. */
  readonly fault: string;
  readonly form: string;
  /** The violations that name it: one of them is reported for the row. */
  readonly shownAs: readonly ('altered' | 'missing')[];
  /** Makes a consumer with the fault; null: it loses whole events. */
  readonly spoil: ((reference: Steps) => Steps) | null;
  /** The events that a consumer with the fault loses. */
  readonly losses?: (changes: readonly Change[]) => ReadonlySet<Change>;
  /** The detail that names it; left out: any. */
  readonly detail?: 'renamed';
}

type Spoil = (text: string, column: Column, reference: Steps) => string | null;

const NUMERIC = /^numeric/;
const FLOAT = /^(real|double precision)/;
const TEXT = /^(text|character varying\(\d+\))$/;

/** A fault in the values of some types. `spoil` makes JSON; null: the value is right. */
function inValues(
  fault: string,
  form: string,
  types: RegExp,
  spoil: Spoil,
  shownAs: Fault['shownAs'] = ['altered'],
): Fault {
  return {
    fault,
    form,
    shownAs,
    spoil: (reference) => ({
      ...reference,
      value(column, text) {
        const right = reference.value(column, text);
        if (text === null || !types.test(column.type)) return right;
        return spoil(text, column, reference) ?? right;
      },
    }),
  };
}

const isNumeric = (text: string) => Number.isFinite(Number(text));

/** The row of a table without a key is identified by its contents. */
const CONTENTS: Fault['shownAs'] = ['altered', 'missing'];

function nullsUnchanged(column: string): Fault {
  return {
    fault: 'nulls unchanged TOAST',
    form: column,
    shownAs: ['altered'],
    spoil: (reference) => ({
      ...reference,
      unchanged: (of) => (of.name === column ? 'null' : reference.unchanged(of)),
    }),
  };
}

function farYear(form: string, type: RegExp, infinite: string, json: string): Fault {
  return inValues('infinity to a far year', `${form}, ${infinite}`, type, (text) =>
    text === infinite ? json : null,
  );
}

const DATE = /^date$/;
const TIMESTAMP = /^timestamp without/;
const ZONED = /^timestamp with time/;

function losesZone(form: string, spoil: (json: string) => string): Fault {
  return inValues(
    'loses a time zone',
    form,
    ZONED,
    (text, column, reference) => spoil(reference.value(column, text)),
    // It is of the key.
    ['missing'],
  );
}

/** `"2026-01-31T08:15:00.500000Z"`, hours later. */
function shifted(json: string, hours: number): string {
  const [, whole = '', fraction = ''] = /^"(.*)(\.\d+)Z"$/.exec(json) ?? [];
  const moved = new Date(Date.parse(`${whole}Z`) + hours * 3_600_000).toISOString();
  return string(`${moved.slice(0, 19)}${fraction}Z`);
}

function cutsBytes(form: string, left: (bytes: number) => number): Fault {
  return inValues('cuts bytea', form, /^bytea$/, (text, column, reference) => {
    const bytes = (text.length - 2) / 2;
    return reference.value(column, text.slice(0, 2 + 2 * left(bytes)));
  });
}

function reorders(form: string, order: (elements: string[]) => string[]): Fault {
  return inValues('reorders an array', form, /\[\]$/, (text) => {
    const elements = elementsOf(text).map((each) => (each === null ? 'null' : string(each)));
    return `[${order(elements).join(',')}]`;
  });
}

function folds(form: string, fold: Partial<Steps>): Fault {
  return {
    fault: 'folds names to lower case',
    form,
    shownAs: ['altered'],
    detail: 'renamed',
    spoil: (reference) => ({ ...reference, ...fold }),
  };
}

const foldColumn = (name: string): Partial<Steps> => ({
  column: (own) => (own === name ? own.toLowerCase() : own),
});
const foldColumns: Partial<Steps> = { column: (name) => name.toLowerCase() };
const foldTable: Partial<Steps> = { table: (name) => name.toLowerCase() };

/** The last change of each month of `sinais_vitais`, which are its partitions. */
function lastOfPartitions(changes: readonly Change[]): ReadonlySet<Change> {
  const last = new Map<string, Change>();
  for (const change of changes) {
    if (!change.table.startsWith('sinais_vitais')) continue;
    last.set(String((change.row ?? change.old!.tuple)[1]).slice(0, 7), change);
  }
  return new Set(last.values());
}

/** All forms of the ten faults. */
export const FAULTS: readonly Fault[] = [
  ...['texto', 'estrutura', 'anexo'].map(nullsUnchanged),
  inValues('rounds numeric', 'to a double of 24 bits', NUMERIC, (text) =>
    isNumeric(text) ? string(String(Math.fround(Number(text)))) : null,
  ),
  inValues('rounds numeric', 'to an integer', NUMERIC, (text) =>
    isNumeric(text) ? string(String(Math.round(Number(text)))) : null,
  ),
  inValues('rounds numeric', 'drops zeros at the end', NUMERIC, (text) =>
    text.includes('.') ? string(text.replace(/\.?0+$/, '')) : null,
  ),
  inValues('rounds numeric', 'to a number of two digits', NUMERIC, (text) => {
    const rounded = Number(Number(text).toPrecision(2));
    // A number that is not rounded is what `decimal.handling.mode=double` writes.
    return isNumeric(text) && rounded !== Number(text) ? String(rounded) : null;
  }),
  inValues('NaN to null', 'numeric', NUMERIC, (text) => (text === 'NaN' ? 'null' : null)),
  inValues('NaN to null', 'real and double', FLOAT, (text) => (text === 'NaN' ? 'null' : null)),
  // 9999-12-31, 4713-01-01 BC, and PostgreSQL's last and first moments.
  farYear('date', DATE, 'infinity', '2932896'),
  farYear('date', DATE, '-infinity', '-2440225'),
  farYear('last date', DATE, 'infinity', '2145042905'),
  farYear('timestamp', TIMESTAMP, 'infinity', '253402300799999999'),
  farYear('timestamp', TIMESTAMP, '-infinity', '-62135596800000000'),
  farYear('first timestamp', TIMESTAMP, '-infinity', '-210866803200000000'),
  losesZone('without a zone', (json) => json.replace('Z"', '"')),
  losesZone('three hours earlier', (json) => shifted(json, -3)),
  {
    fault: 'drops the last row of a partition',
    form: 'of sinais_vitais',
    shownAs: ['missing'],
    spoil: null,
    losses: lastOfPartitions,
  },
  inValues('empty to null', 'texts', TEXT, (text) => (text === '' ? 'null' : null), CONTENTS),
  {
    fault: 'empty to null',
    form: 'null to empty',
    shownAs: CONTENTS,
    spoil: (reference) => ({
      ...reference,
      value: (column, text) =>
        text === null && TEXT.test(column.type) ? '""' : reference.value(column, text),
    }),
  },
  reorders('backwards', (elements) => elements.toReversed()),
  reorders('sorted', (elements) => elements.toSorted()),
  reorders('the last one first', (elements) => [...elements.slice(-1), ...elements.slice(0, -1)]),
  cutsBytes('the last byte', (bytes) => Math.max(0, bytes - 1)),
  cutsBytes('half', (bytes) => Math.floor(bytes / 2)),
  folds('the table', foldTable),
  folds('the columns', foldColumns),
  folds('the table and the columns', { ...foldTable, ...foldColumns }),
  folds('the key', foldColumn('Código')),
  folds('a column that updates set', foldColumn('Valor')),
  folds('a column that updates leave alone', foldColumn('Descrição')),
];
