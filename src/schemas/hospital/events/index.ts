import { consulta } from './consulta.js';
import type { EventSpec } from './event.js';
import { exame } from './exame.js';
import { internacao } from './internacao.js';
import { novoPaciente } from './novo-paciente.js';
import { vinculo } from './vinculo.js';

/** The event types of `stream`, in the order that `--only` and the weights name them. */
export const EVENT_TYPES = ['consulta', 'exame', 'internacao', 'novo_paciente', 'vinculo'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** What each event type reads and writes. */
export const EVENTS: Readonly<Record<EventType, EventSpec>> = {
  consulta,
  exame,
  internacao,
  novo_paciente: novoPaciente,
  vinculo,
};
