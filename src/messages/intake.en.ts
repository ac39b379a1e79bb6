import type { intakePtBR } from './intake.pt-BR.js';

/** Where the events of a CDC pipeline come from, in English. */
export const intakeEn: typeof intakePtBR = {
  missing: (e) =>
    `there is no file of events ${e.path}; correct the path, or begin \`verify next\` before the run if the file is yet to be made`,
  unreadable: (e) =>
    `the events of ${e.path} cannot be read (${e.code}); correct the path or the permissions`,
  truncated: (e) =>
    `the file of events ${e.path} was cut short or written anew while it was read; let the pipeline only add to it, and verify again`,
  replaced: (e) =>
    `the file of events ${e.path} was removed, or another one put in its place, while it was read; turn its rotation off, and verify again`,
  gzipCutOff: (e) =>
    `the gzip data of ${e.path} end too early; wait until they are complete, or get them again`,
  gzipBroken: (e) => `the gzip data of ${e.path} are damaged; get them again`,
};
