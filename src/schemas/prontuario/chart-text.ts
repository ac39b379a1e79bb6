import { choice, Rng } from '../../random/rng.js';
import { ROW_PURPOSE } from '../purposes.js';

/** The notes of charts: long texts, composed of sections made once, since 200 kB word by word would take milliseconds. */

/** Sizes of a note in bytes of UTF-8, in per mille; each order of magnitude within a range is as likely. */
const SIZES = choice<readonly [from: number, to: number]>([
  [[200, 2_000], 600],
  [[2_000, 20_000], 270],
  [[0, 0], 100],
  [[20_000, 200_000], 30],
]);

/** The largest note, in bytes of UTF-8. */
export const LONGEST_TEXT = 200_000;

/** Share of the notes that begin with a letter of four bytes. */
const WITH_EMOJI = 0.05;
const EMOJI_HEADER = '🩺 Teleconsulta — paciente em casa.\n';

/** How many sentences and sections are made, and how large a section is: 50 of them fill the largest note. */
const SENTENCES = 400;
const SECTIONS = 64;
const SECTION_BYTES = 4_000;

/** A piece of a note. `bytes`: its size in UTF-8. */
interface Piece {
  readonly text: string;
  readonly bytes: number;
}

/** `#` stands for a digit. */
const PATTERNS = [
  'Paciente refere melhora da dor desde o dia 1#. ',
  'Nega febre, náuseas ou vômitos nas últimas 2# horas. ',
  'PA 1##x7# mmHg, FC 8# bpm, FR 1# irpm, SatO2 9#% em ar ambiente. ',
  'Ausculta pulmonar com murmúrio vesicular presente, sem ruídos adventícios. ',
  'Bulhas rítmicas, normofonéticas, em dois tempos, sem sopros. ',
  'Abdome flácido, indolor à palpação, ruídos hidroaéreos presentes. ',
  'Diurese de 1.#00 mL em 24 h, aspecto claro. ',
  'Hemoglobina 1#,# g/dL; leucócitos #.#00/mm³; PCR #,# mg/L. ',
  'Creatinina 0,#8 mg/dL, ureia 3# mg/dL, potássio 4,# mEq/L. ',
  'Mantida a dieta branda; aceitação de 7#% da refeição. ',
  'Curativo limpo e seco, sem sinais flogísticos. ',
  'Conduta: manter antibiótico por mais # dias e reavaliar. ',
  'Solicitado ecocardiograma; aguarda vaga para o dia 2#. ',
  'Familiares orientados sobre o quadro e o plano terapêutico. ',
  'Glicemia capilar 1## mg/dL em jejum, 1## mg/dL após o almoço. ',
  'Deambula com auxílio; fisioterapia motora #x ao dia. ',
  'Discutido com a equipe: alta provável em # dias, se afebril. ',
  'Refere "aperto no peito" aos esforços; ECG sem alterações agudas. ',
  'Peso 7#,# kg; balanço hídrico de -#50 mL.\n',
  'Evolução: estável, consciente e orientado no tempo e no espaço.\n\n',
] as const;

interface Pieces {
  readonly sentences: readonly Piece[];
  readonly sections: readonly Piece[];
}

/** Made at the first note. */
let pieces: Pieces | null = null;

/** A note. Its size is drawn first; the text is shorter by less than one sentence. */
export function chartText(rng: Rng): string {
  const [from, to] = rng.weighted(SIZES);
  if (to === 0) return '';
  let left = Math.floor(from * (to / from) ** rng.unit());
  let text = '';
  if (rng.chance(WITH_EMOJI)) {
    text = EMOJI_HEADER;
    left -= Buffer.byteLength(EMOJI_HEADER);
  }
  pieces ??= makePieces();
  const { sections, sentences } = pieces;
  for (const list of [sections, sentences]) {
    for (let next = rng.pick(list); next.bytes <= left; next = rng.pick(list)) {
      text += next.text;
      left -= next.bytes;
    }
  }
  return text;
}

/** The same pieces in every run. */
function makePieces(): Pieces {
  const rng = new Rng(0).at(ROW_PURPOSE.prontuarioPieces, 0);
  const sentences = Array.from({ length: SENTENCES }, (_, i) =>
    pieceOf(PATTERNS[i % PATTERNS.length]!.replaceAll('#', () => String(rng.below(10)))),
  );
  const sections = Array.from({ length: SECTIONS }, () => {
    let text = '';
    while (text.length < SECTION_BYTES) text += rng.pick(sentences).text;
    return pieceOf(text);
  });
  return { sentences, sections };
}

function pieceOf(text: string): Piece {
  return { text, bytes: Buffer.byteLength(text) };
}
