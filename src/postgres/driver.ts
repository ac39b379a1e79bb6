/* The only module that loads `pg`. */
import './navigator.js';
import pg from 'pg';

export const { Client, DatabaseError, escapeIdentifier, escapeLiteral } = pg;
export type Client = pg.Client;
export type DatabaseError = pg.DatabaseError;

/** The connection of a client, which the typings lack. */
export function connectionOf(client: pg.Client): pg.Connection {
  return (client as pg.Client & { readonly connection: pg.Connection }).connection;
}
