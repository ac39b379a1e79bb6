/** The ways in which events hold values. `text`: as PostgreSQL prints them. */
type ValueForm =
  | 'text'
  | 'integer'
  | 'boolean'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'numeric'
  | 'real'
  | 'double'
  | 'interval'
  | 'bytea'
  | 'array';

/** A column's type, as far as it decides the form of its values. */
export interface ValueType {
  /** Its short name: `varchar`, `timestamp`. */
  readonly type: string;
  readonly form: ValueForm;
  /** Digits after the point of a `numeric`; null: each value has its own. */
  readonly scale: number | null;
}

/** The names that programs use, by those of `format_type`. */
const SHORT: Readonly<Record<string, string>> = {
  'character varying': 'varchar',
  character: 'char',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
};

/** By the short name; all others are `text`. */
const FORMS: Readonly<Record<string, ValueForm>> = {
  smallint: 'integer',
  integer: 'integer',
  bigint: 'integer',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  numeric: 'numeric',
  real: 'real',
  'double precision': 'double',
  interval: 'interval',
  bytea: 'bytea',
};

const MODIFIERS = /\((\d+)(?:,(-?\d+))?\)/;

/** @param type as `format_type` prints it */
export function valueType(type: string): ValueType {
  const bare = type.replace(MODIFIERS, '');
  const short = SHORT[bare] ?? bare;
  if (short.endsWith('[]')) return { type: short, form: 'array', scale: null };
  const form = FORMS[short] ?? 'text';
  const modifiers = form === 'numeric' ? MODIFIERS.exec(type) : null;
  return { type: short, form, scale: modifiers === null ? null : Number(modifiers[2] ?? 0) };
}
