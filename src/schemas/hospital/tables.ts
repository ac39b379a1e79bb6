import { defineColumn, defineTable, orNull } from '../../schema/define.js';
import type { Column, ForeignKey, LinkLimit, ServerColumn, TableSpec } from '../../schema/table.js';
import { convenio, medico, paciente, patientSince } from './rows.js';

/** The seven tables of the hospital, as `sql/01_schema.sql` creates them. */

/** A patient has none to three convênios (seed.md: "0–3 convênios"). */
export const MAX_LINKS_PER_PATIENT = 3;

const column = (type: string) => (name: string) => defineColumn(name, type);
const bigint = column('bigint');
const varchar = (name: string, length: number): Column =>
  defineColumn(name, `character varying(${length})`);
const date = column('date');
const timestamp = column('timestamp without time zone');

const id = bigint('id');

/** Set by defaults and by the trigger `set_updated_at`. */
export const STAMPS: readonly ServerColumn[] = [
  { name: 'created_at', type: 'timestamp without time zone', set: 'insert' },
  { name: 'updated_at', type: 'timestamp without time zone', set: 'update' },
];

/** The body of `set_updated_at`. */
export const STAMP_BODY = 'BEGIN NEW.updated_at := now(); RETURN NEW; END;';

const ofPatient: ForeignKey = { column: 'paciente_id', references: 'pacientes' };
const ofDoctor: ForeignKey = { column: 'medico_id', references: 'medicos' };
const ofInsurer: ForeignKey = { column: 'convenio_id', references: 'convenios' };

const LINKS: LinkLimit = { parent: ofPatient, other: ofInsurer, limit: MAX_LINKS_PER_PATIENT };

/** The parts of a table that most tables share. */
function table(
  name: string,
  rows: number,
  columns: readonly Column[],
  more: Partial<TableSpec> & Pick<TableSpec, 'number'>,
): TableSpec {
  return defineTable({
    name,
    columns: [id, ...columns],
    key: ['id'],
    serverColumns: STAMPS,
    stampBody: STAMP_BODY,
    volume: { setting: name, rows },
    ...more,
  });
}

export const PACIENTES = table(
  'pacientes',
  2000,
  [
    varchar('nome', 150),
    date('nascimento'),
    varchar('cpf', 14),
    orNull(varchar('telefone', 20)),
    orNull(varchar('endereco', 200)),
    timestamp('data_cadastro'),
  ],
  {
    number: 0,
    unique: ['cpf'],
    parent: { since: 'data_cadastro', make: paciente, seededAt: patientSince },
  },
);

export const MEDICOS = table(
  'medicos',
  200,
  [
    varchar('nome', 150),
    varchar('crm', 20),
    varchar('especialidade', 80),
    orNull(varchar('telefone', 20)),
  ],
  { number: 1, unique: ['crm'], parent: { since: null, make: medico, seededAt: () => 0 } },
);

export const CONVENIOS = table(
  'convenios',
  12,
  [
    varchar('nome', 120),
    varchar('cnpj', 18),
    varchar('tipo', 40),
    orNull(varchar('cobertura', 120)),
  ],
  { number: 2, unique: ['cnpj'], parent: { since: null, make: convenio, seededAt: () => 0 } },
);

const PACIENTES_CONVENIOS = table(
  'pacientes_convenios',
  2500,
  [
    bigint('paciente_id'),
    bigint('convenio_id'),
    orNull(varchar('numero_carteira', 40)),
    orNull(date('validade')),
  ],
  { number: 3, foreignKeys: [ofPatient, ofInsurer], links: LINKS },
);

export const CONSULTAS = table(
  'consultas',
  4000,
  [
    bigint('paciente_id'),
    bigint('medico_id'),
    timestamp('data'),
    varchar('motivo', 200),
    varchar('status', 20),
  ],
  { number: 4, foreignKeys: [ofPatient, ofDoctor] },
);

export const EXAMES = table(
  'exames',
  3500,
  [
    bigint('paciente_id'),
    varchar('tipo_exame', 100),
    timestamp('data'),
    orNull(varchar('resultado', 200)),
  ],
  { number: 5, foreignKeys: [ofPatient] },
);

export const INTERNACOES = table(
  'internacoes',
  1200,
  [
    bigint('paciente_id'),
    timestamp('data_entrada'),
    orNull(timestamp('data_saida')),
    varchar('motivo', 200),
    orNull(varchar('quarto', 20)),
  ],
  { number: 6, foreignKeys: [ofPatient] },
);

export const TABLES: readonly TableSpec[] = [
  PACIENTES,
  MEDICOS,
  CONVENIOS,
  PACIENTES_CONVENIOS,
  CONSULTAS,
  EXAMES,
  INTERNACOES,
];
