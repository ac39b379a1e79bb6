import type { EventSpec } from '../../../schema/event.js';
import { consulta } from './consulta.js';
import { exame } from './exame.js';
import { internacao } from './internacao.js';
import { novoPaciente } from './novo-paciente.js';
import { vinculo } from './vinculo.js';

/** The event types of the hospital, in the order of `--only` and of the weights. */
export const EVENTS: readonly EventSpec[] = [consulta, exame, internacao, novoPaciente, vinculo];
