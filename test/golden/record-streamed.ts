import test from 'node:test';
import { connectReplication, withConnection } from '../../src/postgres/connect.js';
import { formatLsn } from '../../src/postgres/lsn.js';
import { endOfMessage, HEAD_BYTES } from '../../src/postgres/message-cutter.js';
import type { ConnectionTarget } from '../../src/postgres/target.js';
import {
  CopyBoth,
  parseKeepalive,
  parseXLogData,
  type StreamOptions,
  startReplication,
  XLOG_DATA,
  type XLogData,
} from '../../src/sources/slot/replication.js';
import { currentWalLsn } from '../../src/sources/slot/wal-position.js';
import { type TestDatabase, withDatabase } from '../helpers/database.js';
import { startServers } from '../helpers/server.js';
import { waitFor } from '../helpers/wait-for.js';
import { writeStreamed } from './files.js';
import { playStreamed, STREAMED_BEFORE, STREAMING_SERVER } from './streamed.js';

/**
 * Records the streamed transactions of this folder again, from real servers. It is no test, and runs only when it is
 * asked for (README.md).
 */

const PLAIN: StreamOptions = { messages: true, streaming: false, twoPhase: false };

/** A reader of a slot that keeps the bytes, and acknowledges nothing. */
class Recorder {
  readonly messages: XLogData[] = [];
  #at = 0n;

  static async run(
    { target }: TestDatabase,
    slot: string,
    options: StreamOptions,
    body: (recorder: Recorder) => Promise<void>,
  ): Promise<readonly XLogData[]> {
    const client = await connectReplication(target);
    try {
      const recorder = new Recorder();
      await CopyBoth.start(client, startReplication(slot, ['streamed'], options), {
        onData: (messages) => recorder.#take(messages),
        onEnd: () => undefined,
      });
      await body(recorder);
      return recorder.messages;
    } finally {
      await client.end();
    }
  }

  /** Waits for what is in the WAL. */
  async reach(target: ConnectionTarget): Promise<void> {
    const end = BigInt(await withConnection(target, currentWalLsn));
    await waitFor(() => this.#at >= end, { what: 'the position' });
  }

  #take(messages: Buffer): void {
    for (let at = 0, end = 0; at < messages.length; at = end) {
      end = endOfMessage(messages, at);
      const begin = at + HEAD_BYTES;
      if (messages[begin] === XLOG_DATA) this.messages.push(parseXLogData(messages, begin, end));
      else this.#at = parseKeepalive(messages, begin, end).walEnd;
    }
  }
}

const rowOf = ({ lsn, bytes, begin, end }: XLogData) => ({
  lsn: formatLsn(BigInt(lsn)),
  hex: bytes.toString('hex', begin, end),
});

const servers = await startServers({ settings: { ...STREAMING_SERVER, wal_sender_timeout: '1s' } });

for (const server of servers) {
  test(`${server.version}: streamed transactions are recorded`, () =>
    withDatabase(server, async (db) => {
      for (const statement of STREAMED_BEFORE) await db.query(statement);
      const hasTwoPhase = server.version >= 15;
      const slots = { streamed: hasTwoPhase, plain: false };
      for (const [slot, twoPhase] of Object.entries(slots)) {
        await db.query('SELECT pg_create_logical_replication_slot($1, $2, false, $3)', [
          ...[slot, 'pgoutput', twoPhase],
        ]);
      }
      const options = { messages: true, streaming: true, twoPhase: hasTwoPhase };
      const streamed = await Recorder.run(db, 'streamed', options, async (recorder) => {
        await playStreamed(db.target, () => recorder.reach(db.target));
        await recorder.reach(db.target);
      });
      const unstreamed = await Recorder.run(db, 'plain', PLAIN, (recorder) =>
        recorder.reach(db.target),
      );
      writeStreamed('streamed', server.version, streamed.map(rowOf));
      writeStreamed('unstreamed', server.version, unstreamed.map(rowOf));
      await server.stop('fast');
      await server.start();
      for (const slot of Object.keys(slots)) {
        await db.query('SELECT pg_drop_replication_slot($1)', [slot]);
      }
    }));
}
