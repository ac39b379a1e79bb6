import '../src/messages/english.js';
import { parentPort, workerData } from 'node:worker_threads';
import { messagesIn } from '../src/messages/index.js';
import { Tables } from '../src/schema/tables.js';
import { LineIntake } from '../src/sources/ndjson/line-taker.js';
import { tableScope } from '../src/sources/scope.js';
import { BlockWriter } from '../src/verify/intake/block-writer.js';
import type { IntakeAnswer, IntakeRequest, IntakeTask } from '../src/verify/intake/protocol.js';

/** The entry of the thread that decodes lines: an answer with their events to each request. */

const port = parentPort!;
const { specs, changing, places, options, version } = workerData as IntakeTask;
const tables = new Tables(specs, (table) => changing[table] ?? []);
const writer = new BlockWriter(tables, version, (reason) => ({
  'pt-BR': reason(messagesIn('pt-BR')),
  en: reason(messagesIn('en')),
}));
const intake = new LineIntake(writer, tableScope(tables, places), options);

port.on('message', ({ call, bytes, length, receivedAt, mayBeCut, room }: IntakeRequest) => {
  writer.begin(room, receivedAt);
  const lines = Buffer.from(bytes, 0, length);
  if (call === 'lines') intake.lines(lines, receivedAt);
  else if (call === 'rest') intake.rest(lines, receivedAt, mayBeCut);
  else intake.tooLong();
  const answer: IntakeAnswer = { bytes, block: writer.end() };
  port.postMessage(answer, [bytes, answer.block.room]);
});
