import '../../src/messages/english.js';
import { openEmbedded } from '../../src/embedded/server.js';
import { embeddedOptions } from './embedded-options.js';

/**
 * A program that uses an embedded server, for tests that end its process: prints the server's port, or
 * its failure, as JSON, and releases the server when standard input ends. Argument: the data folder.
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
