import { choice, Rng } from '../../random/rng.js';
import { Composed } from '../../schema/value.js';
import { ROW_PURPOSE } from '../purposes.js';

/** The four states of a consulta, as the schema's CHECK names them. */
export const CONSULTA_STATUSES = ['agendada', 'realizada', 'cancelada', 'faltou'] as const;
export type ConsultaStatus = (typeof CONSULTA_STATUSES)[number];

/** New consultas, in percent (seed.md: 55/35/5/5). */
export const NEW_STATUS = choice<ConsultaStatus>([
  ['agendada', 55],
  ['realizada', 35],
  ['cancelada', 5],
  ['faltou', 5],
]);

/** How an `agendada` ends, in percent: missed and cancelled ones are rare. */
export const OUTCOME = choice<ConsultaStatus>([
  ['realizada', 80],
  ['cancelada', 12],
  ['faltou', 8],
]);

/** Share of new exams without a result yet. No figure in seed.md: enough for results to come. */
export const AWAITED_RESULTS = 0.3;

/** Share of new stays still going on (seed.md: 20–30 %). */
export const OPEN_STAYS = 0.25;

interface Speciality {
  readonly name: string;
  /** Each reason by the kind of visit, as of `VISITS`. */
  readonly reasons: readonly (readonly string[])[];
}

const VISITS = ['', '', '', ' — primeira consulta', ' — retorno'] as const;

/** Weights: doctors of each speciality, after Demografia Médica no Brasil, coarsely rounded. */
const SPECIALITIES = choice<Speciality>([
  [
    speciality('Clínica Médica', 'Check-up anual', 'Febre', 'Cefaleia', 'Fadiga', 'Hipertensão'),
    22,
  ],
  [speciality('Pediatria', 'Puericultura', 'Febre', 'Tosse persistente', 'Vacinação'), 18],
  [speciality('Cirurgia Geral', 'Avaliação pré-operatória', 'Retorno cirúrgico', 'Hérnia'), 13],
  [speciality('Ginecologia e Obstetrícia', 'Preventivo', 'Pré-natal', 'Dor pélvica'), 13],
  [speciality('Ortopedia', 'Dor lombar', 'Dor no joelho', 'Entorse', 'Revisão de fratura'), 8],
  [speciality('Cardiologia', 'Dor torácica', 'Palpitações', 'Controle de hipertensão'), 7],
  [speciality('Oftalmologia', 'Exame de vista', 'Baixa acuidade visual', 'Catarata'), 6],
  [speciality('Psiquiatria', 'Ansiedade', 'Insônia', 'Acompanhamento de depressão'), 5],
  [speciality('Dermatologia', 'Acne', 'Avaliação de pinta', 'Dermatite', 'Psoríase'), 4],
  [speciality('Otorrinolaringologia', 'Sinusite', 'Otite', 'Tontura', 'Perda auditiva'), 3],
  [speciality('Neurologia', 'Enxaqueca', 'Tontura', 'Epilepsia', 'Perda de memória'), 3],
  [speciality('Endocrinologia', 'Diabetes', 'Hipotireoidismo', 'Obesidade'), 3],
  [speciality('Gastroenterologia', 'Refluxo', 'Dor abdominal', 'Gastrite'), 3],
  [speciality('Urologia', 'Cálculo renal', 'Infecção urinária', 'Check-up da próstata'), 3],
  [speciality('Pneumologia', 'Asma', 'Tosse crônica', 'DPOC', 'Falta de ar'), 2],
]);

interface Exam {
  readonly name: string;
  readonly result: (rng: Rng) => string | Composed;
}

/** Weights: a guess at how often a hospital orders each; blood counts lead everywhere. */
const EXAMS = choice<Exam>([
  [{ name: 'Hemograma', result: bloodCount }, 26],
  [{ name: 'Glicemia', result: glucose }, 12],
  [{ name: 'PCR', result: (rng) => tenths(rng, 1, 120, ' mg/L') }, 10],
  [findings('Raio-X', 'Sem alterações', 'Opacidade em base direita', 'Fratura sem desvio'), 12],
  [findings('Ultrassom', 'Sem alterações', 'Esteatose hepática leve', 'Cálculo biliar'), 10],
  [findings('ECG', 'Ritmo sinusal', 'Fibrilação atrial', 'Bloqueio de ramo direito'), 9],
  [findings('Urina tipo I', 'Normal', 'Leucocitúria', 'Hematúria discreta'), 8],
  [{ name: 'TSH', result: (rng) => tenths(rng, 4, 60, ' mUI/L') }, 5],
  [findings('Tomografia', 'Sem alterações', 'Nódulo pulmonar de 4 mm', 'Sinusopatia'), 5],
  [
    findings('Ressonância magnética', 'Sem alterações', 'Protrusão discal L4-L5', 'Meniscopatia'),
    3,
  ],
]);

/** Every exam type that rows have. */
export const EXAM_TYPES: readonly string[] = EXAMS.values.map(({ name }) => name);

const STAY_REASONS = [
  ...['Pneumonia', 'Apendicite aguda', 'Insuficiência cardíaca', 'AVC isquêmico', 'Sepse'],
  ...['Parto', 'Fratura de fêmur', 'Colecistectomia', 'Infarto agudo do miocárdio', 'Dengue'],
  ...['Crise asmática', 'Pielonefrite', 'Diabetes descompensado', 'Cirurgia eletiva', 'Observação'],
] as const;

const WINGS = ['A', 'B', 'C', 'D'] as const;
const FLOORS = 6;
const ROOMS_PER_FLOOR = 20;
const ICU_BEDS = 30;
/** About one bed in eight of a Brazilian hospital is an intensive care bed. */
const ICU_SHARE = 0.125;

/**
 * Draws by id, the same for every seed number. A doctor's speciality and an exam's type depend on the id alone,
 * so the reason for a visit and a later result fit them without reading the row, even if a run with another
 * seed number wrote it.
 */
const lasting = new Rng(0);

const specialityOf = (medicoId: number): Speciality =>
  lasting.at(ROW_PURPOSE.speciality, medicoId).weighted(SPECIALITIES);

const examOf = (exameId: number): Exam => lasting.at(ROW_PURPOSE.examType, exameId).weighted(EXAMS);

/** The speciality of a doctor, by the doctor's id. */
export const specialityName = (medicoId: number): string => specialityOf(medicoId).name;

/** Why a patient sees this doctor: fits the doctor's speciality. */
export function visitReason(rng: Rng, medicoId: number): string {
  return rng.pick(rng.pick(specialityOf(medicoId).reasons));
}

/** The type of an exam, by the exam's id. */
export const examType = (exameId: number): string => examOf(exameId).name;

/** A result that fits the exam of this id. */
export const examResult = (rng: Rng, exameId: number): string | Composed =>
  examOf(exameId).result(rng);

/** Why a patient is admitted. */
export const stayReason = (rng: Rng): string => rng.pick(STAY_REASONS);

/** A room, `B-312`, or an intensive care bed, `UTI 07`. */
export function room(rng: Rng): string {
  if (rng.chance(ICU_SHARE)) return `UTI ${String(rng.between(1, ICU_BEDS)).padStart(2, '0')}`;
  const number = rng.between(1, FLOORS) * 100 + rng.between(1, ROOMS_PER_FLOOR);
  return `${rng.pick(WINGS)}-${number}`;
}

/** The same text in one piece: V8 keeps joined texts as a tree, which takes longer to read. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}

function speciality(name: string, ...reasons: readonly string[]): Speciality {
  return { name, reasons: reasons.map((reason) => VISITS.map((visit) => flat(reason + visit))) };
}

/** An exam whose result is in words; the first finding is the usual one. */
function findings(name: string, usual: string, ...others: readonly string[]): Exam {
  const list = [usual, usual, usual, ...others];
  return { name, result: (rng) => rng.pick(list) };
}

function glucose(rng: Rng): Composed {
  return new Composed([rng.between(70, 180), ' mg/dL em jejum']);
}

function bloodCount(rng: Rng): Composed {
  const haemoglobin = rng.between(90, 175);
  const leucocytes = rng.between(35, 140) * 100;
  const platelets = rng.between(120, 450);
  const whole = Math.floor(haemoglobin / 10);
  // biome-ignore format: one line a part of the text
  return new Composed([
    'Hb ', whole, ',', haemoglobin - 10 * whole, ' g/dL; leucócitos ',
    leucocytes, '/mm³; plaquetas ',
    platelets, ' mil/mm³',
  ]);
}

/** A number of tenths with a decimal comma, and its unit. */
function tenths(rng: Rng, from: number, to: number, unit: string): Composed {
  const drawn = rng.between(from, to);
  return new Composed([Math.floor(drawn / 10), ',', drawn % 10, unit]);
}
