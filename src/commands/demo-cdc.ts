import type { Command } from './context.js';

export const run: Command = async () => 1;
