import { DAY_MS, formatDate, formatTimestamp } from '../../../lib/calendar.js';
import { digits } from '../../../lib/numbers.js';
import { choice, type Rng } from '../../../random/rng.js';
import { ALWAYS, type EventSpec, UNREFERENCED } from '../../../schema/event.js';
import type { Value } from '../../../schema/table.js';
import { ROW_PURPOSE } from '../../purposes.js';
import { timestampText } from '../printed.js';

/** Share of the items that are components of the kit before them. */
const COMPONENTS = 0.35;
/** Share of the revisions that give the item another code. */
const RECODED = 0.4;

/** A month of billing, in per mille: `infinity` is billed every month; years far off are typing errors. */
type Moment = 'usual' | 'infinity' | '-infinity' | 'bc' | '9999';
const MOMENT = choice<Moment>([
  ['usual', 980],
  ['infinity', 6],
  ['-infinity', 4],
  ['bc', 5],
  ['9999', 5],
]);

/** A price in cents is below this; a column of `numeric(12,2)` takes a thousand times as much. */
const DEAREST_CENTS = 1_000_000;
/** Share of each price that is no usual amount. */
const SPECIAL = 0.004;

const DESCRIPTIONS = [
  'Diária de enfermaria',
  'Diária de UTI 🛏️',
  'Taxa de sala – centro cirúrgico',
  'Kit de sutura',
  'Fio de náilon 3-0',
  'Luva estéril (par) 🧤',
  'Curativo "grande" 🩹',
  'Soro fisiológico 0,9 % 500 mL',
  'Consulta – 👩‍⚕️ plantão',
  'Gás O₂; litros',
  '',
];

const REASONS = [
  'Sem autorização prévia',
  'Código inválido',
  'Valor acima da tabela',
  'Duplicidade 🚫',
];

/** An item of a patient's bill, alone or in a kit, and later its revision, which may give it another code. */
export const itemConta: EventSpec<'pacientes'> = {
  type: 'item_conta',
  table: 'faturamento."Itens da Conta"',
  weight: 12,
  parents: ['pacientes'],
  insert(maker, id, { pacientes: paciente }, now, previous) {
    const rng = maker.at(ROW_PURPOSE.itemConta, id);
    const kit = rng.chance(COMPONENTS) ? previous : null;
    // A component belongs to the principal item, and to its patient.
    const principal = kit === null ? null : (kit[1] ?? kit[0]!);
    return [
      ...[codeOf(id), principal, kit === null ? paciente.id : kit[2]!],
      ...[rng.pick(DESCRIPTIONS), rng.between(1, 20), month(rng, now)],
      ...[price(rng), dueAt(rng, now), denial(rng)],
    ];
  },
  change: {
    columns: ['Código', 'Valor', 'Vencimento', 'Glosa'],
    open: ALWAYS,
    // Depends on no moment: a revision counts from its own day.
    at: "timestamp 'epoch'",
    momentOf: () => 0,
    values(maker, { key }, now) {
      const code = String(key[0]);
      const rng = maker.at(ROW_PURPOSE.itemContaRevision, Number(partsOf(code).number), now);
      const next = rng.chance(RECODED) ? recoded(code) : code;
      return [next, price(rng), dueAt(rng, now), denial(rng)] satisfies readonly Value[];
    },
  },
  deletable: UNREFERENCED,
};

/** The first code of an item: its number and its version. */
function codeOf(id: number): string {
  return `Nº ${digits(id, 9)}/0`;
}

/** The next code of an item: its number stays and its version grows, so no row ever had that code. */
function recoded(code: string): string {
  const { number, version } = partsOf(code);
  // Another program's code stays.
  return number === null ? code : `Nº ${number}/${Number(version) + 1}`;
}

function partsOf(code: string) {
  const [, number = null, version = null] = /^Nº (\d{9,15})\/(\d+)$/.exec(code) ?? [];
  return { number, version };
}

/** The first day of the month of billing, or the day of an odd one, as `date`. */
function month(rng: Rng, now: number): string {
  const moment = rng.weighted(MOMENT);
  if (moment === 'bc') return `${digits(rng.between(1, 99), 4)}-03-15 BC`;
  if (moment === '9999') return '9999-12-31';
  if (moment !== 'usual') return moment;
  return `${formatDate(now - rng.below(90) * DAY_MS).slice(0, 7)}-01`;
}

/** `timestamp`, some with microseconds. */
function dueAt(rng: Rng, now: number): string | null {
  if (rng.chance(0.1)) return null;
  const moment = rng.weighted(MOMENT);
  if (moment === 'bc') return `${digits(rng.between(1, 99), 4)}-03-15 12:00:00 BC`;
  if (moment === '9999') return '9999-12-31 23:59:59.999999';
  if (moment !== 'usual') return moment;
  const day = now + rng.between(1, 60) * DAY_MS;
  if (rng.chance(0.5)) return formatTimestamp(day);
  return timestampText(Math.floor(day / DAY_MS) * DAY_MS * 1000 + rng.u32() * 20);
}

/** `numeric(12,2)`: two decimal places, also where they are zero. No NaN: a pipeline may make it a null, and the column is NOT NULL. */
function price(rng: Rng): string {
  if (rng.chance(SPECIAL)) return rng.pick(['9999999999.99', '-9999999999.99', '0.00']);
  const cents = rng.chance(0.2) ? rng.below(DEAREST_CENTS / 100) * 100 : rng.below(DEAREST_CENTS);
  // A reversal.
  const sign = cents > 0 && rng.chance(0.03) ? '-' : '';
  return `${sign}${(cents / 100).toFixed(2)}`;
}

/** Why the insurer does not pay: empty without a reason, null where it pays. */
function denial(rng: Rng): string | null {
  if (rng.chance(0.6)) return null;
  return rng.chance(0.4) ? '' : rng.pick(REASONS);
}
