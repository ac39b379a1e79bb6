import { EXIT } from '../../errors.js';
import type { Command } from './context.js';
import { prepareSchema } from './init-db.js';
import { printSeed, seedTables } from './seed.js';
import { streamEvents } from './stream.js';
import { withServer } from './with-server.js';

/** `start`: `init-db`, `seed` and `stream` in one. */
export const run: Command = (context) =>
  withServer(context, async (target, own) => {
    await prepareSchema(context, target);
    const { exitCode, outcome } = await seedTables(context, target);
    if (exitCode === EXIT.done) return streamEvents(context, target, own);
    printSeed(context, outcome);
    return exitCode;
  });
