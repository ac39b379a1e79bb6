import './english.js';
import { en } from './en.js';
import { ptBR } from './pt-BR.js';

/** Everything an operator reads at run time. Portuguese is the original; each language is complete. */
export type Messages = typeof ptBR;

declare module '../errors.js' {
  interface Catalogue extends Messages {}
}

export const LANGUAGES = ['pt-BR', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

const CATALOGUES: Readonly<Record<Language, Messages>> = { 'pt-BR': ptBR, en };

/** The catalogue of a language. */
export function messagesIn(language: Language): Messages {
  return CATALOGUES[language];
}
