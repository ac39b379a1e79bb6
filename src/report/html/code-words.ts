import { type Content, html } from './markup.js';

/** A sentence of the catalogue, with the commands and options in it set as such. */
export function withCode(sentence: string): Content {
  return sentence
    .split('`')
    .map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`));
}
