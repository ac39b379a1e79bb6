/*
 * The one place that loads `pg`. To tell where it runs it looks at `navigator`, and where there is none,
 * as in Node.js 20, it makes a `Response`: that compiles a whole HTTP client, in every thread.
 */
import './navigator.js';

export { Client, DatabaseError, escapeIdentifier, escapeLiteral } from 'pg';
