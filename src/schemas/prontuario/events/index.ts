import type { EventSpec } from '../../../schema/event.js';
import { auditoria } from './auditoria.js';
import { itemConta } from './item-conta.js';
import { prescricao } from './prescricao.js';
import { prontuario } from './prontuario.js';
import { sinalVital } from './sinal-vital.js';

/** The event types of the extension, in the order of `--only` and of the weights. */
export const EVENTS: readonly EventSpec[] = [
  prontuario,
  sinalVital,
  prescricao,
  auditoria,
  itemConta,
];
