import type { EventType } from '../schema/event.js';
import type { HazardSpec } from '../schema/hazards.js';
import type { Schema } from '../schema/schema.js';
import type { TableName } from '../schema/table.js';
import { HAZARD_NAMES, type HazardName, type Hazards } from './hazards.js';

/** Compares the needs of a run's hazards with its server, role and database. Pure: `src/database/hazards.ts` reads. */

export const PRIVILEGES = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] as const;

/** A right to a table that a role may have. */
type Privilege = (typeof PRIVILEGES)[number];

export interface HazardFacts {
  readonly role: string;
  readonly database: string;
  readonly maxPreparedTransactions: number;
  /** The role may make schemas in the database. */
  readonly createsSchemas: boolean;
  readonly tables: Readonly<Record<TableName, TableRights>>;
  /** In milliseconds; one that is left out ends nothing. */
  readonly timeouts: Readonly<Partial<Record<(typeof TIMEOUTS)[number], number>>>;
  /** Rows of the table of `HazardSpec.hot`, up to `MIN_HOT_ROWS`. */
  readonly hotRows: number;
  readonly publications: readonly PublicationRights[];
}

/** Settings that end a session whose transaction is open for too long; `transaction_timeout` since PostgreSQL 17. */
export const TIMEOUTS = ['idle_in_transaction_session_timeout', 'transaction_timeout'] as const;

/** The rights of the role to a table. */
export interface TableRights {
  /** It owns the table, as an owner or as a member of one. */
  readonly owned: boolean;
  readonly privileges: readonly Privilege[];
  /** The schema that the table is in, and whether the role may make tables and indexes there. */
  readonly schema: string;
  readonly creates: boolean;
  /** Row-level security applies to the role. */
  readonly secured: boolean;
}

/** A publication of the database, and the table of `HazardSpec.unpublish` in it. */
export interface PublicationRights {
  readonly name: string;
  readonly owned: boolean;
  /** FOR ALL TABLES. */
  readonly everything: boolean;
  /** FOR TABLES IN SCHEMA, of the table's schema. */
  readonly wholeSchema: boolean;
  /** The table is in it by its own name. */
  readonly listed: boolean;
}

/** Something that a hazard needs and that is not there. */
export type Unmet = { readonly hazard: HazardName } & (
  | { readonly lacks: 'prepared-transactions'; readonly found: number; readonly needed: number }
  | {
      readonly lacks: 'privileges';
      readonly privileges: readonly Privilege[];
      readonly tables: readonly TableName[];
    }
  | { readonly lacks: 'ownership' | 'row-security'; readonly tables: readonly TableName[] }
  | { readonly lacks: 'create-in-schemas'; readonly schemas: readonly string[] }
  | { readonly lacks: 'create-in-database' }
  | {
      readonly lacks: 'time';
      readonly setting: (typeof TIMEOUTS)[number];
      /** Both in milliseconds. */
      readonly found: number;
      readonly needed: number;
    }
  | {
      readonly lacks: 'rows';
      readonly table: TableName;
      readonly found: number;
      readonly needed: number;
    }
  | {
      readonly lacks: 'publication';
      readonly publication: string;
      /** Those that there are. */
      readonly known: readonly string[];
    }
  | {
      readonly lacks: 'publication-ownership' | Membership;
      readonly publication: string;
      readonly table: TableName;
    }
);

/** How a table must be in a publication: by its own name, or it cannot leave. */
type Membership = 'own-list' | 'no-whole-schema' | 'listed-table';

/** As many as one batch updates. */
export const MIN_HOT_ROWS = 4;

/** A run that a hazard is asked for. */
interface Asked {
  readonly spec: HazardSpec;
  readonly facts: HazardFacts;
  /** The number of the run's workers. */
  readonly workers: number;
  readonly hazards: Hazards;
  tableOf(type: EventType): TableName;
}

/** The unmet needs of each hazard; one that is left out needs no more than any run. */
const LACKS: Readonly<Partial<Record<HazardName, (asked: Asked) => readonly Unmet[]>>> = {
  'hot-keys': ({ spec: { hot }, facts }) => {
    if (hot === null) return [];
    const { table } = hot;
    const { hotRows: found } = facts;
    return [
      ...privilegesLacked('hot-keys', ['UPDATE'], [table], facts),
      ...(found >= MIN_HOT_ROWS
        ? []
        : [{ hazard: 'hot-keys', lacks: 'rows', table, found, needed: MIN_HOT_ROWS } as const]),
    ];
  },
  copy: ({ spec: { bulk }, facts, tableOf }) => {
    // COPY FROM fails in a table with row-level security.
    const tables = bulk === null ? [] : lacking([tableOf(bulk)], facts, ({ secured }) => !secured);
    return tables.length === 0 ? [] : [{ hazard: 'copy', lacks: 'row-security', tables }];
  },
  'two-phase': ({ facts: { maxPreparedTransactions: found }, workers: needed }) =>
    // A worker may leave one prepared while its next batch goes on.
    found >= needed ? [] : [{ hazard: 'two-phase', lacks: 'prepared-transactions', found, needed }],
  'key-change': ({ spec: { family }, facts, tableOf }) =>
    family === null
      ? []
      : [
          ...privilegesLacked('key-change', ['INSERT', 'UPDATE', 'DELETE'], [family.parent], facts),
          ...privilegesLacked(
            'key-change',
            ['INSERT', 'DELETE'],
            family.children.map(tableOf),
            facts,
          ),
        ],
  long: ({ facts: { timeouts }, hazards }) => {
    const { lengthMs: needed } = hazards.long!;
    return TIMEOUTS.flatMap((setting): Unmet[] => {
      const found = timeouts[setting] ?? Number.POSITIVE_INFINITY;
      return found > needed ? [] : [{ hazard: 'long', lacks: 'time', setting, found, needed }];
    });
  },
  truncate: ({ spec, facts }) => privilegesLacked('truncate', ['TRUNCATE'], spec.truncate, facts),
  quiet: ({ facts }) =>
    facts.createsSchemas ? [] : [{ hazard: 'quiet', lacks: 'create-in-database' }],
  ddl: ({ spec, facts }) => {
    const changed = spec.changes.map(({ table }) => table);
    const closed = lacking(changed, facts, ({ creates }) => creates);
    const schemas = [...new Set(closed.map((name) => facts.tables[name]!.schema))];
    return [
      ...ownershipLacked('ddl', changed, facts),
      ...(schemas.length === 0
        ? []
        : [{ hazard: 'ddl', lacks: 'create-in-schemas', schemas } as const]),
    ];
  },
  publication: ({ spec: { unpublish }, facts, hazards }) =>
    unpublish === null
      ? []
      : [
          ...ownershipLacked('publication', [unpublish], facts),
          ...publicationLacks(hazards.publication!.name, unpublish, facts.publications),
        ],
};

/** Everything that the hazards need and lack, in their order. `workers`: of the run. */
export function unmetRequirements(
  hazards: Hazards,
  { hazards: spec, events }: Pick<Schema, 'hazards' | 'events'>,
  facts: HazardFacts,
  workers: number,
): Unmet[] {
  const tableOf = (type: EventType) => events.get(type)!.table;
  const asked: Asked = { spec, facts, workers, hazards, tableOf };
  return HAZARD_NAMES.filter((name) => name in hazards).flatMap(
    (name) => LACKS[name]?.(asked) ?? [],
  );
}

/** The tables that do not have what is needed. */
function lacking(
  names: readonly TableName[],
  { tables }: HazardFacts,
  has: (rights: TableRights) => boolean,
): TableName[] {
  return [...new Set(names)].filter((name) => !has(tables[name]!));
}

function privilegesLacked(
  hazard: HazardName,
  needed: readonly Privilege[],
  names: readonly TableName[],
  facts: HazardFacts,
): Unmet[] {
  const without = (privilege: Privilege) =>
    lacking(names, facts, ({ privileges }) => privileges.includes(privilege));
  const privileges = needed.filter((privilege) => without(privilege).length > 0);
  const tables = [...new Set(privileges.flatMap(without))];
  return privileges.length === 0 ? [] : [{ hazard, lacks: 'privileges', privileges, tables }];
}

function ownershipLacked(
  hazard: HazardName,
  names: readonly TableName[],
  facts: HazardFacts,
): Unmet[] {
  const tables = lacking(names, facts, ({ owned }) => owned);
  return tables.length === 0 ? [] : [{ hazard, lacks: 'ownership', tables }];
}

/** The obstacles to a table that is to leave a publication and come back. */
function publicationLacks(
  publication: string,
  table: TableName,
  publications: readonly PublicationRights[],
): Unmet[] {
  const about = { hazard: 'publication', publication } as const;
  const found = publications.find(({ name }) => name === publication);
  if (found === undefined) {
    return [{ ...about, lacks: 'publication', known: publications.map(({ name }) => name) }];
  }
  const membership = membershipLack(found);
  return [
    ...(found.owned ? [] : [{ ...about, lacks: 'publication-ownership', table } as const]),
    ...(membership === null ? [] : [{ ...about, lacks: membership, table }]),
  ];
}

function membershipLack({ everything, wholeSchema, listed }: PublicationRights): Membership | null {
  if (everything) return 'own-list';
  if (wholeSchema) return 'no-whole-schema';
  return listed ? null : 'listed-table';
}

/** The tables whose rights matter to some hazard of a schema. */
export function tablesOfHazards({
  hazards: spec,
  events,
}: Pick<Schema, 'hazards' | 'events'>): TableName[] {
  const types = [spec.bulk, ...(spec.family?.children ?? [])].filter((type) => type !== null);
  const names = [
    spec.hot?.table ?? null,
    spec.family?.parent ?? null,
    spec.unpublish,
    ...spec.truncate,
    ...spec.changes.map(({ table }) => table),
    ...types.map((type) => events.get(type)!.table),
  ];
  return [...new Set(names.filter((name) => name !== null))];
}
