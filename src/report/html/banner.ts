import { type Content, html, type Markup } from './markup.js';

/** How well something went. */
export type Mood = 'good' | 'bad' | 'plain' | 'unsure';

/** Told apart by shape, not by colour alone. */
const SIGNS: Readonly<Record<Mood, string>> = { good: '✓', bad: '✕', plain: 'i', unsure: '?' };

/** A verdict, in the colours of its mood. */
export function banner(mood: Mood, said: Content): Markup {
  return html`<div class="verdict ${mood}"><span class="sign" aria-hidden="true">${SIGNS[mood]}</span><div>${said}</div></div>`;
}
