import '../src/messages/english.js';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { withConnection } from '../src/postgres/connect.js';
import { describeFailure } from '../src/postgres/failures.js';
import type { Schema } from '../src/schema/schema.js';
import type { Row } from '../src/schema/table.js';
import { schemaWith } from '../src/schemas/index.js';
import { ChunkQueue } from '../src/seed/chunk-queue.js';
import { copyCommand, copyPieces } from '../src/seed/copy.js';
import { joinSeed } from '../src/seed/locks.js';
import type { SeedChunk } from '../src/seed/plan.js';
import type { SeederResult, SeederTask } from '../src/seed/protocol.js';
import { SeedRows } from '../src/seed/rows.js';

/** The Piscina entry of `seed`: claims chunk after chunk, makes their rows, streams them by COPY. */
export default async function seed(task: SeederTask): Promise<SeederResult> {
  const queue = new ChunkQueue(task.queue);
  try {
    return await withConnection(task.target, async (client) => {
      await joinSeed(client);
      return copyChunks(client, task, queue);
    });
  } catch (error) {
    queue.stop();
    return { ended: 'failed', failure: describeFailure(error) };
  }
}

async function copyChunks(
  client: Client,
  task: SeederTask,
  queue: ChunkQueue,
): Promise<SeederResult> {
  const schema = schemaWith(task.extensions);
  const rows = new SeedRows(schema, task);
  for (;;) {
    if (queue.stopped) return { ended: 'stopped' };
    const chunk = task.chunks[queue.claim()];
    if (chunk === undefined) return { ended: 'finished' };
    await copyChunk(client, schema, rows, chunk, (count) => {
      queue.wrote(task.worker, count, chunk.cost);
    });
  }
}

async function copyChunk(
  client: Client,
  { tables }: Schema,
  rows: SeedRows,
  { table, first, rank, count }: SeedChunk,
  onRows: (rows: number) => void,
): Promise<void> {
  const into = tables.get(table);
  const rowAt = rows.of(table);
  let previous: Row | null = null;
  const next = (index: number): Row => {
    previous = rowAt(first + index, rank + index, previous);
    return previous;
  };
  const pieces = copyPieces(into, count, next, onRows);
  await pipeline(Readable.from(pieces), client.query(copyFrom(copyCommand(into))));
}
