import '../../src/messages/english.js';
import { openEmbedded } from '../../src/embedded/server.js';
import { embeddedOptions } from './embedded-options.js';

/**
 * A program that uses an embedded server, for tests that need a process of its own to end: prints
 * what it got as JSON, and gives it back when its standard input ends. Argument: the data folder.
 */
process.on('SIGINT', () => undefined);
const server = await openEmbedded(embeddedOptions(process.argv[2] ?? ''), () => undefined).catch(
  (error: { exitCode?: number; message: string }) => {
    console.log(JSON.stringify({ exitCode: error.exitCode, message: error.message }));
    return null;
  },
);
if (server !== null) {
  console.log(JSON.stringify({ port: server.target.port, started: server.started }));
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('end', resolve));
  await server.release();
}
