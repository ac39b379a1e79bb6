import assert from 'node:assert/strict';
import { examine } from '../../../src/doctor/doctor.js';
import type { CheckName, Finding } from '../../../src/doctor/finding.js';
import { en } from '../../../src/messages/en.js';
import { withConnection } from '../../../src/postgres/connect.js';
import type { Client } from '../../../src/postgres/driver.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { runCli } from '../../helpers/cli.js';
import { hospital } from '../../helpers/hospital.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';

export interface Asked {
  readonly publication?: string;
  readonly slot?: string;
  readonly role?: string;
}

/** The findings of the doctor, on a connection of its own. */
export function look(target: ConnectionTarget, asked: Asked = {}): Promise<Finding[]> {
  return withConnection(target, (client) => lookBy(client, target, asked));
}

/** The findings of the doctor, on a connection to `target` that is there already. */
export function lookBy(
  client: Client,
  target: ConnectionTarget,
  asked: Asked = {},
): Promise<Finding[]> {
  const { publication = null, slot = null, role = null } = asked;
  return examine({ client, target, schema: hospital, publication, slot, role, english: en });
}

export function found(findings: readonly Finding[], name: CheckName): Finding {
  const finding = findings.find(({ check }) => check === name);
  assert.ok(finding !== undefined, name);
  return finding;
}

/** The advice of a finding, in English. */
export function adviceOf({ advice = [] }: Finding): string[] {
  return advice.map((render) => render(en.doctor.advice));
}

/** Runs the fix of a finding, line by line, as an operator would in `psql` and a shell. */
export function follow(target: ConnectionTarget, finding: Finding): Promise<void> {
  // The usual search_path, also if the doctor's was another one.
  const usual = { ...target, searchPath: 'public' };
  return withConnection(usual, (client) => followBy(client, target, finding));
}

/** The same, on a connection that is there already. */
export async function followBy(
  client: Client,
  target: ConnectionTarget,
  { mend }: Finding,
): Promise<void> {
  for (const line of mend?.split('\n') ?? []) {
    const [program, ...args] = line.split(' ');
    if (program !== 'oltp-simulator') await client.query(line);
    else {
      await withTempFolder(async (cwd) => {
        const env = { ...envOf(target), PG_SEARCH_PATH: target.searchPath };
        const { code, stderr } = await runCli(args, { cwd, env });
        assert.equal(code, 0, stderr);
      });
    }
  }
}

/** All parts of publications, one a line: a fix may add to them, and must not take any away. */
export async function publicationsOf(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ part: string }>(
    `SELECT pubname || ' ' || operation AS part FROM pg_publication CROSS JOIN LATERAL (VALUES
          ('insert', pubinsert), ('update', pubupdate), ('delete', pubdelete), ('truncate', pubtruncate),
          ('everything', puballtables)) AS o (operation, published) WHERE published
       UNION SELECT pubname || ' ' || pg_describe_object('pg_class'::regclass, prrelid, 0)
          FROM pg_publication_rel JOIN pg_publication b ON b.oid = prpubid
       UNION SELECT b.pubname || ' ' || pg_describe_object(d.classid, d.objid, 0)
          FROM pg_depend d JOIN pg_publication b ON b.oid = d.refobjid
         WHERE d.refclassid = 'pg_publication'::regclass AND d.deptype = 'a'
           AND d.classid <> 'pg_publication_rel'::regclass
       ORDER BY 1`,
  );
  return rows.map(({ part }) => part);
}

/** Column lists and row filters of tables outside the hospital: a fix must keep them as they are. */
export async function othersParts(client: Client): Promise<unknown[]> {
  const { rows } = await client.query(
    `SELECT r.prrelid::regclass::text AS member, to_jsonb(r) ->> 'prattrs' AS list,
              to_jsonb(r) ->> 'prqual' IS NULL AS whole
         FROM pg_publication_rel r JOIN pg_publication b ON b.oid = r.prpubid
        WHERE r.prrelid::regclass::text ~ '[Ff]aturas|Notas|trilha' ORDER BY b.pubname, 1`,
  );
  return rows;
}
