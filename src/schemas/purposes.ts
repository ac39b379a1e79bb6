/**
 * The purposes of random numbers in rows: each has a sequence of its own. These numbers are part of the promise of
 * `--rng`: changing one changes every row that is made with it. A new purpose takes the next number that neither this
 * list nor `RNG_PURPOSE` has.
 */
export const ROW_PURPOSE = {
  patientSince: 1,
  paciente: 2,
  medico: 3,
  convenio: 4,
  vinculo: 5,
  consulta: 6,
  exame: 7,
  internacao: 8,
  speciality: 10,
  examType: 11,
  consultaOutcome: 12,
  exameResult: 13,
  internacaoDischarge: 14,
  pacienteContact: 15,
  vinculoRenewal: 16,
  prontuario: 22,
  prontuarioSignature: 23,
  sinalVital: 24,
  sinalVitalCorrection: 25,
  prescricao: 26,
  prescricaoCode: 27,
  prescricaoRenewal: 28,
  auditoria: 29,
  itemConta: 30,
  itemContaRevision: 31,
  prontuarioPieces: 32,
  prontuarioCurve: 33,
  prontuarioNoise: 34,
  medicoContact: 35,
} as const;
