import { mkdirSync } from 'node:fs';
import { writeFacts } from '../../../src/ledger/facts-file.js';
import { ledgerFile } from '../../../src/ledger/folder.js';
import { LedgerWriter } from '../../../src/ledger/writer.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { identifyPrimary } from '../../../src/postgres/identity.js';
import type { PreparedEnd } from '../../../src/postgres/pending.js';
import { finishStatement, gidOf, prepareStatement } from '../../../src/postgres/prepared.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import type { Row } from '../../../src/schema/table.js';
import { factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import { SCHEMA } from '../../unit/ledger/sample-ledger.js';

/** A run that prepares transactions and never ends: a test kills its process. */

export const RUN = '20261125-101500-abcd';

/** The ids of the doctors that it inserts, by what it does with the transaction. */
export const DOCTORS = {
  committed: 9001,
  finished: 9002,
  prepared: 9003,
  toBeRolledBack: 9004,
  neverPrepared: 9005,
  unrecorded: 9006,
} as const;

interface Task {
  readonly target: ConnectionTarget;
  /** The folder of the ledger. */
  readonly ledger: string;
}

const doctor = (id: number): Row => [id, 'Ana', `CRM/SP ${id}`, 'clínica', null];

async function prepare({ target, ledger }: Task): Promise<void> {
  await withConnection(target, async (client) => {
    const { server, backend } = await identifyPrimary(client);
    mkdirSync(ledger, { recursive: true });
    writeFacts(SCHEMA, ledger, RUN, server, factsWithTriggers({}), {});
    const place = { run: RUN, worker: 1, connection: 1 };
    const header = { ...place, rng: 7, server_offset_ms: 0, server, backend };
    const writer = LedgerWriter.create(SCHEMA, ledgerFile(ledger, 1, 1), header, true);
    writer.lease('medicos', Object.values(DOCTORS));

    const insert = async (id: number) => {
      await client.query('BEGIN');
      await client.query(
        'INSERT INTO medicos (id, nome, crm, especialidade) VALUES ($1, $2, $3, $4)',
        doctor(id).slice(0, 4) as unknown[],
      );
      const { rows } = await client.query<{ xid: string; lsn: string }>(
        'SELECT pg_current_xact_id()::text AS xid, pg_current_wal_insert_lsn()::text AS lsn',
      );
      return rows[0]!;
    };
    const intend = async (id: number, end: PreparedEnd | null) => {
      const name = await insert(id);
      const [number = 0] = writer.intend([
        {
          ...name,
          changes: [{ table: 'medicos', operation: 'insert', rows: [doctor(id)] }],
          subtransactions: false,
          hazards:
            end === null
              ? null
              : {
                  names: ['two-phase'],
                  prepared: true,
                  ...(end === 'rollback' ? { rollback: true } : {}),
                },
        },
      ]);
      return { name, number, gid: gidOf({ ...place, intent: number }) };
    };

    const plain = await intend(DOCTORS.committed, null);
    await client.query('COMMIT');
    writer.commit([{ ...plain.name, number: plain.number, dropped: [] }]);

    const finished = await intend(DOCTORS.finished, 'commit');
    await client.query(prepareStatement(finished.gid));
    await client.query(finishStatement(finished.gid, 'commit'));
    writer.commit([{ ...finished.name, number: finished.number, dropped: [] }]);

    for (const end of ['commit', 'rollback'] as const) {
      const id = end === 'commit' ? DOCTORS.prepared : DOCTORS.toBeRolledBack;
      const { gid } = await intend(id, end);
      await client.query(prepareStatement(gid));
    }

    // Its ledger was lost.
    await insert(DOCTORS.unrecorded);
    await client.query(prepareStatement(gidOf({ ...place, worker: 2, intent: 1 })));

    await intend(DOCTORS.neverPrepared, 'commit');
    process.send?.('prepared');
    // Until it is killed.
    await new Promise(() => setInterval(() => undefined, 1_000));
  });
}

if (process.argv[2] === 'prepare') process.on('message', (task: Task) => void prepare(task));
