import { EXIT } from '../errors.js';
import type { Command } from './context.js';
import { prepareSchema } from './init-db.js';
import { seedTables } from './seed.js';
import { streamEvents } from './stream.js';
import { withServer } from './with-server.js';

/** `start`: `init-db`, `seed` and `stream` in one: from nothing to a running load. */
export const run: Command = (context) =>
  withServer(context, async (target) => {
    await prepareSchema(context, target);
    const { exitCode } = await seedTables(context, target);
    return exitCode === EXIT.done ? streamEvents(context, target) : exitCode;
  });
