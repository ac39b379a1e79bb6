import type { Client } from 'pg';

/** The parts of the catalogue that hazards change. */
export async function catalogue(client: Client) {
  const list = async (text: string) => {
    const { rows } = await client.query<[string]>({ text, rowMode: 'array' });
    return rows.map(([value]) => value);
  };
  return {
    columns: await list(`
      SELECT format('%s.%s %s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
                    a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'i', 'I')
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
       WHERE c.relnamespace IN ('public'::regnamespace, 'faturamento'::regnamespace)
         AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1`),
    published: await list(`SELECT to_jsonb(p)::text FROM pg_publication_tables p ORDER BY 1`),
    notes: await list(
      "SELECT description FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid > 16383 ORDER BY 1",
    ),
    routes: await list(
      "SELECT enumlabel::text FROM pg_enum WHERE enumtypid = 'via_administracao'::regtype ORDER BY enumsortorder",
    ),
  };
}
