import '../src/messages/english.js';
import type { HazardTask, ProducerResult } from '../src/run/protocol.js';
import { schemaWith } from '../src/schemas/index.js';
import { HazardLoop } from './hazards/loop.js';
import { policyOf } from './hazards/timed.js';

/** The Piscina entry of a timed hazard: one connection, one hazard, until the run ends. */
export default async function bringAbout(task: HazardTask): Promise<ProducerResult> {
  const schema = schemaWith(task.extensions);
  const loop = new HazardLoop(schema, task, policyOf(task, schema));
  try {
    return await loop.run();
  } finally {
    await loop.close();
  }
}
