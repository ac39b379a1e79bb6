import { defineColumn, defineTable, orNull } from '../../schema/define.js';
import type { AddedColumn } from '../../schema/hazards.js';
import type { Column, ForeignKey, TableSpec } from '../../schema/table.js';
import { STAMP_BODY, STAMPS } from '../hospital/tables.js';

/** The five tables of the extension, as `sql/10_prontuario.sql` creates them. */

const column = (type: string) => (name: string) => defineColumn(name, type);
const bigint = column('bigint');
const boolean = column('boolean');
const date = column('date');
const text = column('text');
const timestamp = column('timestamp without time zone');
const varchar = (name: string, length: number): Column =>
  defineColumn(name, `character varying(${length})`);
const lossy = (of: Column): Column => ({ ...of, lossy: true });
const toast = (of: Column): Column => ({ ...of, toast: true });

const added = (name: string, type: string): AddedColumn => ({ name, type });

const ofPatient: ForeignKey = { column: 'paciente_id', references: 'pacientes' };
const ofDoctor: ForeignKey = { column: 'medico_id', references: 'medicos' };

/** The parts of a table that most tables share. */
function table(
  name: string,
  rows: number,
  columns: readonly Column[],
  more: Partial<TableSpec> & Pick<TableSpec, 'number' | 'key' | 'sequence'>,
): TableSpec {
  return defineTable({
    name,
    columns,
    serverColumns: STAMPS,
    stampBody: STAMP_BODY,
    wholeUpdates: true,
    volume: { setting: name, rows },
    ...more,
  });
}

export const PRONTUARIOS = table(
  'prontuarios',
  2000,
  [
    bigint('id'),
    bigint('paciente_id'),
    bigint('medico_id'),
    timestamp('aberto_em'),
    varchar('situacao', 20),
    orNull(timestamp('assinado_em')),
    toast(text('texto')),
    toast(column('jsonb')('estrutura')),
    toast(orNull(column('bytea')('anexo'))),
  ],
  {
    number: 7,
    key: ['id'],
    sequence: null,
    serverColumns: [{ name: 'busca', type: 'tsvector', set: 'derived' }, ...STAMPS],
    addedColumns: [added('revisao', 'bigint'), added('versao', 'bigint')],
    foreignKeys: [ofPatient, ofDoctor],
  },
);

export const SINAIS_VITAIS = table(
  'sinais_vitais',
  4000,
  [
    bigint('paciente_id'),
    column('timestamp with time zone')('medido_em'),
    lossy(orNull(column('numeric(4,1)')('temperatura'))),
    lossy(orNull(column('numeric')('peso'))),
    lossy(orNull(column('real')('glicemia'))),
    lossy(orNull(column('double precision')('lactato'))),
    lossy(orNull(column('interval')('desde_ultima'))),
    orNull(varchar('observacao', 200)),
  ],
  {
    number: 8,
    key: ['paciente_id', 'medido_em'],
    sequence: 'sinais_vitais_numero',
    foreignKeys: [ofPatient],
    partitioned: true,
    addedColumns: [
      added('aparelho', 'character varying(40)'),
      added('equipamento', 'character varying(40)'),
    ],
    addedPartitions: ['sinais_vitais_2100_01'],
  },
);

export const PRESCRICOES = table(
  'prescricoes',
  1500,
  [
    column('uuid')('codigo'),
    bigint('paciente_id'),
    bigint('medico_id'),
    varchar('medicamento', 120),
    column('via_administracao')('via'),
    column('character(4)')('classe'),
    orNull(boolean('controlado')),
    orNull(column('inet')('estacao')),
    boolean('em_uso'),
    column('daterange')('vigencia'),
    orNull(column('text[]')('alertas')),
  ],
  {
    number: 9,
    key: ['codigo'],
    sequence: 'prescricoes_numero',
    foreignKeys: [ofPatient, ofDoctor],
  },
);

export const AUDITORIA = table(
  'auditoria',
  3000,
  [
    date('dia'),
    varchar('usuario', 40),
    varchar('acao', 40),
    orNull(varchar('objeto', 60)),
    boolean('revisada'),
  ],
  {
    number: 10,
    key: [],
    sequence: 'auditoria_numero',
    serverColumns: [],
    addedColumns: [added('origem', 'text')],
    stampBody: null,
  },
);

const ITENS = 'faturamento."Itens da Conta"';

export const ITENS_DA_CONTA = table(
  ITENS,
  2500,
  [
    varchar('Código', 24),
    orNull(varchar('Item Principal', 24)),
    bigint('Paciente'),
    text('Descrição'),
    column('integer')('Quantidade'),
    date('Competência'),
    lossy(column('numeric(12,2)')('Valor')),
    lossy(orNull(timestamp('Vencimento'))),
    orNull(text('Glosa')),
  ],
  {
    number: 11,
    schema: 'faturamento',
    relation: 'Itens da Conta',
    addedColumns: [added('Lote Nº', 'bigint'), added('Lote de Envio', 'bigint')],
    key: ['Código'],
    sequence: 'faturamento."Itens da Conta_número"',
    foreignKeys: [
      { column: 'Item Principal', references: ITENS },
      { column: 'Paciente', references: 'pacientes' },
    ],
    volume: { setting: 'itens_da_conta', rows: 2500 },
  },
);

export const TABLES: readonly TableSpec[] = [
  PRONTUARIOS,
  SINAIS_VITAIS,
  PRESCRICOES,
  AUDITORIA,
  ITENS_DA_CONTA,
];
