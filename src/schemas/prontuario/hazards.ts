import { type HazardSpec, NO_HAZARDS } from '../../schema/hazards.js';

/** The hazards that need tables of the extension. */
export const HAZARDS: HazardSpec = {
  ...NO_HAZARDS,
  unchangedToast: 'prontuario',
  // No table references them, and every connection writes to them.
  truncate: ['auditoria', 'prescricoes'],
  unpublish: 'auditoria',
};
