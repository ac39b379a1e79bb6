import type { TestDatabase } from '../../helpers/database.js';
import { waitFor } from '../../helpers/wait-for.js';
import { volumes } from './seeding.js';

/** Just enough for indexes and keys to be worth taking off; patients come in two chunks. */
export const ROWS = {
  pacientes: 50_500,
  medicos: 40,
  convenios: 10,
  pacientes_convenios: 1_500,
  consultas: 500,
  exames: 500,
  internacoes: 100,
};
export const SEED = {
  ...volumes(ROWS),
  SEED_WORKERS: '2',
  SEED_REFERENCE_DATE: '2026-03-01',
  SEED_VALIDATE_FOREIGN_KEYS: 'false',
};

/** The log line of a seed that builds indexes and keys. */
export const BUILDING = /building indexes and keys/;

/** Indexes and keys that an operator may have added, each with a property that is easily lost. */
export const EXTRAS = `
  CREATE SCHEMA extra;
  CREATE FUNCTION extra.fold(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';
  CREATE INDEX "Nome, dobrado" ON pacientes (extra.fold(nome) DESC NULLS LAST, telefone) INCLUDE (cpf)
    WITH (fillfactor = 70) WHERE telefone IS NOT NULL;
  CREATE INDEX ON medicos USING hash (nome);
  ALTER TABLE consultas ADD CONSTRAINT "uma só" UNIQUE (id, data) INCLUDE (status)
    DEFERRABLE INITIALLY DEFERRED;
  ALTER TABLE internacoes ADD CONSTRAINT uma UNIQUE (id, quarto) DEFERRABLE;
  ALTER TABLE exames ADD COLUMN medico bigint;
  ALTER TABLE exames ADD CONSTRAINT "Pedido por" FOREIGN KEY (medico) REFERENCES medicos (id)
    MATCH FULL ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED NOT VALID`;
/** The same for PostgreSQL 18. */
export const NOT_ENFORCED =
  'ALTER TABLE exames ADD CONSTRAINT solto FOREIGN KEY (medico) REFERENCES medicos (id) NOT ENFORCED';

/** The hospital's tables in the catalog, and all schemas. */
export const CATALOG = `
  SELECT conrelid::regclass::text AS of, conname::text AS name,
         concat_ws(' ', contype, convalidated, condeferrable, condeferred, conkey, confkey,
                   conindid::regclass, pg_get_constraintdef(oid)) AS definition
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
   UNION ALL
  SELECT i.indrelid::regclass::text, c.relname,
         concat_ws(' ', i.indisprimary, i.indisunique, i.indimmediate, i.indisvalid, i.indkey,
                   pg_get_userbyid(c.relowner), pg_get_indexdef(c.oid))
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
   WHERE c.relnamespace = 'public'::regnamespace
   UNION ALL
  SELECT attrelid::regclass::text, attname, concat_ws(' ', attnum, attnotnull, atttypid::regtype)
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND attnum > 0
   UNION ALL
  SELECT tgrelid::regclass::text, tgfoid::regproc::text,
         concat_ws(' ', tgenabled, tgtype, tgdeferrable, tginitdeferred, count(*))
    FROM pg_trigger GROUP BY tgrelid, tgfoid, tgenabled, tgtype, tgdeferrable, tginitdeferred
   UNION ALL
  SELECT 'schema', nspname, '' FROM pg_namespace WHERE nspname !~ '^pg_'
   ORDER BY 1, 2, 3`;

/** Waits until no session works in the database: seeds leave indexes and keys on before. */
export async function waitUntilAlone(db: TestDatabase): Promise<void> {
  const alone = async () => {
    const { length } = await db.server.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
      [db.name],
    );
    return length === 0;
  };
  await waitFor(alone, { what: 'the sessions of the database to end' });
}
