import { createRequire } from 'node:module';
import type * as pg from 'pg';

/*
 * The only module that loads `pg`. To find out where it runs, `pg` looks at `navigator`; without one, as in
 * Node.js 20, it makes a `Response`, which compiles a whole HTTP client in every thread. So `navigator` is defined
 * first, as newer versions of Node.js define it. A static import of `pg` would run before that.
 */
if (!('navigator' in globalThis)) {
  Object.defineProperty(globalThis, 'navigator', {
    value: { userAgent: `Node.js/${process.versions.node.split('.')[0]}` },
    configurable: true,
    writable: true,
  });
}

export const { Client, DatabaseError, escapeIdentifier, escapeLiteral }: typeof pg = createRequire(
  import.meta.url,
)('pg');
export type Client = pg.Client;
export type DatabaseError = pg.DatabaseError;
