import type { TableName } from '../../src/schema/table.js';

/** Values as PostgreSQL prints them, by column; those that the server makes are left out. */
export type ExpectedRow = Readonly<Record<string, string | null>>;

/** A table that is not of the hospital, in the same publication. */
export const OTHER_TABLE = 'auditoria';

export type ScenarioTable = TableName | typeof OTHER_TABLE;

/** A change that a step makes; a transaction has them in the order of the WAL. */
export type ExpectedChange =
  | readonly ['insert' | 'update', ScenarioTable, ExpectedRow]
  /** The key's old value comes before the new row. */
  | readonly ['rekey', ScenarioTable, string, ExpectedRow]
  | readonly ['delete', ScenarioTable, string]
  | readonly ['truncate', ...ScenarioTable[]]
  | readonly ['message', string];

export interface Step {
  readonly description: string;
  /**
   * Statements in their order, each on the connection `a` or `b`: without BEGIN one is a transaction of its
   * own. With `rows` it is a COPY, and they are what is sent.
   */
  readonly run: readonly (readonly ['a' | 'b', string, rows?: string])[];
  /** The transactions in the order in which they are committed. */
  readonly commits: readonly (readonly ExpectedChange[])[];
}

/** Of the messages that are written to the WAL. */
export const PREFIX = 'oltp-simulator';

/** A text that nobody's quoting may break. */
export const ODD_TEXT = `Zé "D'Ávila" \\n \\ 😀🏥 \t{"a":[1]}\u2028\n`;

/** Longer than what stays in the row when it is stored without compression. */
const LONG_TEXT = 'x'.repeat(2_100);

/** Before anything captures: the rows that a snapshot finds. */
export const BEFORE: readonly string[] = [
  `CREATE TABLE ${OTHER_TABLE} (id bigint PRIMARY KEY, texto text)`,
  `ALTER TABLE ${OTHER_TABLE} ALTER texto SET STORAGE EXTERNAL`,
  `INSERT INTO ${OTHER_TABLE} VALUES (1, 'antes')`,
  `INSERT INTO medicos (id, nome, crm, especialidade, telefone) VALUES
     (1, 'Ana', 'CRM/SP 1', 'clínica', ''), (2, 'Bia', 'CRM/SP 2', 'cirurgia', NULL)`,
  `INSERT INTO pacientes (id, nome, nascimento, cpf) VALUES (1, 'Zoé', '1899-12-31', 'cpf 1')`,
];

/** As much as the column holds. */
const CPF_LENGTH = 14;

const patient = (id: string, more: ExpectedRow = {}): ExpectedRow => ({
  id,
  nome: `P ${id}`,
  nascimento: '1980-02-29',
  cpf: id.slice(-CPF_LENGTH),
  telefone: null,
  endereco: null,
  data_cadastro: '2026-03-01 12:00:00',
  ...more,
});

/** Writes a row as its columns are expected to come back. */
function insert(table: ScenarioTable, row: ExpectedRow): string {
  return `INSERT INTO ${table} (${Object.keys(row)}) VALUES (${Object.values(row).map(literal)})`;
}

function literal(value: string | null): string {
  if (value === null) return 'NULL';
  const text = value.replaceAll("'", "''").replaceAll('\\', '\\\\');
  return `E'${text}'`;
}

/** A transaction of nothing but inserts. */
function inserts(
  description: string,
  rows: readonly (readonly [ScenarioTable, ExpectedRow])[],
): Step {
  return {
    description,
    run: [
      ['a', 'BEGIN'],
      ...rows.map(([table, row]) => ['a', insert(table, row)] as const),
      ['a', 'COMMIT'],
    ],
    commits: [rows.map(([table, row]) => ['insert', table, row] as const)],
  };
}

const link = {
  id: '1',
  paciente_id: '10',
  convenio_id: '1',
  numero_carteira: 'n 1',
  validade: null,
};
const visit = {
  ...{ id: '1', paciente_id: '10', medico_id: '1', data: '2026-03-02 08:15:00' },
  ...{ motivo: 'dor', status: 'agendada' },
};
const stay = {
  ...{ id: '1', paciente_id: '10', data_entrada: '2026-03-02 08:15:00.000001' },
  ...{ data_saida: null, motivo: 'queda', quarto: '12-B' },
};
const exam = (id: string, data: string) => ({
  ...{ id, paciente_id: '11', tipo_exame: 'sangue', data, resultado: null },
});
const doctor = (id: string, nome: string) => ({
  ...{ id, nome, crm: `CRM/SP ${id}`, especialidade: 'clínica', telefone: null },
});

/** The steps that run while all connectors capture. */
export const STEPS: readonly Step[] = [
  inserts('rows of several tables in one transaction', [
    ['pacientes', patient('10')],
    ['pacientes', patient('11')],
    ['pacientes_convenios', link],
    ['consultas', visit],
    ['exames', exam('1', '2026-03-02 23:59:59.999999')],
    ['internacoes', stay],
  ]),
  {
    description: 'a statement that inserts two rows, with a message last in its transaction',
    run: [
      ['a', 'BEGIN'],
      [
        'a',
        `INSERT INTO medicos (id, nome, crm, especialidade) VALUES
           (10, 'D', 'CRM/SP 10', 'clínica'), (11, 'E', 'CRM/SP 11', 'clínica')`,
      ],
      ['a', `SELECT pg_logical_emit_message(true, '${PREFIX}', 'marca 1')`],
      ['a', 'COMMIT'],
    ],
    commits: [
      [
        ['insert', 'medicos', doctor('10', 'D')],
        ['insert', 'medicos', doctor('11', 'E')],
        ['message', 'marca 1'],
      ],
    ],
  },
  {
    description: 'updates, two of them of one row',
    run: [
      ['a', 'BEGIN'],
      ['a', `UPDATE consultas SET status = 'realizada' WHERE id = 1`],
      ['a', `UPDATE consultas SET motivo = 'dor forte' WHERE id = 1`],
      ['a', `UPDATE internacoes SET data_saida = '2026-03-05' WHERE id = 1`],
      ['a', 'COMMIT'],
    ],
    commits: [
      [
        ['update', 'consultas', { ...visit, status: 'realizada' }],
        ['update', 'consultas', { ...visit, status: 'realizada', motivo: 'dor forte' }],
        ['update', 'internacoes', { ...stay, data_saida: '2026-03-05 00:00:00' }],
      ],
    ],
  },
  inserts('NULL, and a text of no characters', [
    ['pacientes', patient('12', { telefone: null, endereco: '' })],
    ['pacientes', patient('13', { telefone: '', endereco: null })],
  ]),
  inserts('texts that need quoting', [
    ['pacientes', patient('14', { nome: ODD_TEXT, telefone: 'null', endereco: '\\N' })],
  ]),
  inserts('times at the edges', [
    ['exames', exam('2', 'infinity')],
    ['exames', exam('3', '-infinity')],
    ['exames', exam('4', '0044-03-15 12:00:00 BC')],
    ['exames', exam('5', '10000-01-01 00:00:00')],
    ['exames', exam('6', '294276-12-31 23:59:59.999999')],
    ['exames', exam('7', '1969-12-31 23:59:59.999999')],
    ['exames', exam('8', '2026-03-01 00:00:00.5')],
    ['pacientes', patient('15', { nascimento: '0044-03-15 BC' })],
    ['pacientes', patient('16', { nascimento: 'infinity' })],
    ['pacientes', patient('17', { nascimento: '12026-01-31' })],
  ]),
  inserts('ids that no double has', [
    ['pacientes', patient('9007199254740993')],
    ['pacientes', patient('9223372036854775807')],
  ]),
  {
    description: 'deletes',
    run: [
      ['a', 'BEGIN'],
      ['a', 'DELETE FROM exames WHERE id IN (2, 3)'],
      ['a', 'DELETE FROM pacientes WHERE id = 9007199254740993'],
      ['a', 'COMMIT'],
    ],
    commits: [
      [
        ['delete', 'exames', '2'],
        ['delete', 'exames', '3'],
        ['delete', 'pacientes', '9007199254740993'],
      ],
    ],
  },
  {
    description: 'a key that changes, and takes its children along',
    run: [['a', 'UPDATE pacientes SET id = 20 WHERE id = 10']],
    commits: [
      [
        ['rekey', 'pacientes', '10', { ...patient('10'), id: '20' }],
        ['update', 'pacientes_convenios', { ...link, paciente_id: '20' }],
        [
          'update',
          'consultas',
          { ...visit, status: 'realizada', motivo: 'dor forte', paciente_id: '20' },
        ],
        [
          'update',
          'internacoes',
          { ...stay, data_saida: '2026-03-05 00:00:00', paciente_id: '20' },
        ],
      ],
    ],
  },
  {
    description: 'rows of one COPY, which share a place in the WAL',
    run: [
      [
        'a',
        'COPY medicos (id, nome, crm, especialidade) FROM STDIN',
        [30, 31, 32].map((id) => `${id}\tC ${id}\tCRM/SP ${id}\tclínica\n`).join(''),
      ],
    ],
    commits: [['30', '31', '32'].map((id) => ['insert', 'medicos', doctor(id, `C ${id}`)])],
  },
  {
    description: 'one key inserted, changed, deleted and inserted again',
    run: [
      ['a', 'BEGIN'],
      ['a', insert('medicos', doctor('40', 'F'))],
      ['a', `UPDATE medicos SET nome = 'G' WHERE id = 40`],
      ['a', 'DELETE FROM medicos WHERE id = 40'],
      ['a', insert('medicos', doctor('40', 'H'))],
      ['a', 'COMMIT'],
    ],
    commits: [
      [
        ['insert', 'medicos', doctor('40', 'F')],
        ['update', 'medicos', doctor('40', 'G')],
        ['delete', 'medicos', '40'],
        ['insert', 'medicos', doctor('40', 'H')],
      ],
    ],
  },
  {
    description: 'a part that is rolled back, and a transaction that is',
    run: [
      ['a', 'BEGIN'],
      ['a', insert('medicos', doctor('50', 'I'))],
      ['a', 'SAVEPOINT s'],
      ['a', insert('medicos', doctor('51', 'J'))],
      ['a', 'ROLLBACK TO s'],
      ['a', insert('medicos', doctor('52', 'K'))],
      ['a', 'COMMIT'],
      ['a', 'BEGIN'],
      ['a', insert('medicos', doctor('53', 'L'))],
      ['a', 'ROLLBACK'],
    ],
    commits: [
      [
        ['insert', 'medicos', doctor('50', 'I')],
        ['insert', 'medicos', doctor('52', 'K')],
      ],
    ],
  },
  {
    description: 'two transactions at once: the first to begin commits last',
    run: [
      ['a', 'BEGIN'],
      ['a', insert('medicos', doctor('60', 'M'))],
      ['b', 'BEGIN'],
      ['b', insert('medicos', doctor('61', 'N'))],
      ['a', insert('medicos', doctor('62', 'O'))],
      ['b', 'COMMIT'],
      ['a', 'COMMIT'],
    ],
    commits: [
      [['insert', 'medicos', doctor('61', 'N')]],
      [
        ['insert', 'medicos', doctor('60', 'M')],
        ['insert', 'medicos', doctor('62', 'O')],
      ],
    ],
  },
  {
    description: "a table that is not the hospital's, with a value that the WAL does not repeat",
    run: [
      ['a', insert(OTHER_TABLE, { id: '2', texto: LONG_TEXT })],
      ['a', `UPDATE ${OTHER_TABLE} SET id = 3 WHERE id = 2`],
      ['a', `UPDATE ${OTHER_TABLE} SET id = id WHERE id = 3`],
      ['a', `DELETE FROM ${OTHER_TABLE} WHERE id = 3`],
    ],
    commits: [
      [['insert', OTHER_TABLE, { id: '2', texto: LONG_TEXT }]],
      [['rekey', OTHER_TABLE, '2', { id: '3' }]],
      [['update', OTHER_TABLE, { id: '3' }]],
      [['delete', OTHER_TABLE, '3']],
    ],
  },
  {
    description: 'a message of no transaction',
    run: [['a', `SELECT pg_logical_emit_message(false, '${PREFIX}', 'marca 2')`]],
    commits: [[['message', 'marca 2']]],
  },
  {
    description: 'two tables emptied by one statement',
    run: [['a', 'TRUNCATE exames, internacoes']],
    commits: [[['truncate', 'exames', 'internacoes']]],
  },
  inserts('the last row', [['medicos', doctor('999', 'Fim')]]),
];

/** In every event of the last row, and in no other. */
export const LAST_ROW = 'CRM/SP 999';
