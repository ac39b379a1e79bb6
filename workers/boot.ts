import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import type { Bundle, CompiledCode } from '../src/lib/worker-pool.js';

/** The default export of a worker. `warmedUp`: call it once the code of a run has run. */
type Work = (task: unknown, warmedUp: () => void) => Promise<unknown>;

/*
 * The file that every thread starts with: it runs the bundle of its worker. The bundle is a script, not a module, since
 * threads can share only the compiled code of scripts.
 */
const { file, code } = workerData as Bundle;
const source = readFileSync(file, 'latin1');
const script = new Script(`(function (exports, require, module, bundleUrl) {${source}\n})`, {
  filename: file,
  ...(code === null ? {} : { cachedData: code }),
});
const bundle = { exports: {} as { default: Work } };
// `bundleUrl` is what the bundler writes for `import.meta.url`.
script.runInThisContext()(bundle.exports, createRequire(file), bundle, pathToFileURL(file).href);

function shareCode(): void {
  if (code !== null) return;
  const compiled: CompiledCode = { code: script.createCachedData() };
  parentPort?.postMessage(compiled);
}

/** The Piscina entry of every thread. */
export default (task: unknown) => bundle.exports.default(task, shareCode);
