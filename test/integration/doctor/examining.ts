import assert from 'node:assert/strict';
import { examine } from '../../../src/doctor/doctor.js';
import type { CheckName, Finding } from '../../../src/doctor/finding.js';
import { en } from '../../../src/messages/en.js';
import { withConnection } from '../../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { runCli } from '../../helpers/cli.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';

export interface Asked {
  readonly publication?: string;
  readonly slot?: string;
  readonly role?: string;
}

/** What the doctor finds, in this process. */
export function look(target: ConnectionTarget, asked: Asked = {}): Promise<Finding[]> {
  const { publication = null, slot = null, role = null } = asked;
  return withConnection(target, (client) =>
    examine({ client, target, publication, slot, role, english: en }),
  );
}

export function found(findings: readonly Finding[], name: CheckName): Finding {
  const finding = findings.find(({ check }) => check === name);
  assert.ok(finding !== undefined, name);
  return finding;
}

/** Its advice, in English. */
export function adviceOf({ advice = [] }: Finding): string[] {
  return advice.map((tell) => tell(en.doctor.advice));
}

/** Does what a finding prescribes, line by line, as an operator in `psql` and a shell. */
export async function follow(target: ConnectionTarget, { mend }: Finding): Promise<void> {
  for (const line of mend?.split('\n') ?? []) {
    const [program, ...args] = line.split(' ');
    if (program === 'oltp-simulator') {
      await withTempFolder(async (cwd) => {
        const env = { ...envOf(target), PG_SEARCH_PATH: target.searchPath };
        const { code, stderr } = await runCli(args, { cwd, env });
        assert.equal(code, 0, stderr);
      });
    } else await withConnection(usual(target), (client) => client.query(line));
  }
}

/** A session with the usual search_path, whichever the doctor's was. */
const usual = (target: ConnectionTarget): ConnectionTarget => ({
  ...target,
  searchPath: 'public',
});

/** Everything that publications have, one thing a line: what a fix may add to, and must not take from. */
export async function publicationsOf(target: ConnectionTarget): Promise<string[]> {
  return withConnection(target, async (client) => {
    const { rows } = await client.query<{ thing: string }>(
      `SELECT pubname || ' ' || operation AS thing FROM pg_publication CROSS JOIN LATERAL (VALUES
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
    return rows.map(({ thing }) => thing);
  });
}

/** Column lists and row filters of tables that are not the hospital's: none may change. */
export async function othersParts(target: ConnectionTarget): Promise<unknown[]> {
  return withConnection(target, async (client) => {
    const { rows } = await client.query(
      `SELECT r.prrelid::regclass::text AS member, to_jsonb(r) ->> 'prattrs' AS list,
              to_jsonb(r) ->> 'prqual' IS NULL AS whole
         FROM pg_publication_rel r JOIN pg_publication b ON b.oid = r.prpubid
        WHERE r.prrelid::regclass::text ~ '[Ff]aturas|Notas|trilha' ORDER BY b.pubname, 1`,
    );
    return rows;
  });
}
