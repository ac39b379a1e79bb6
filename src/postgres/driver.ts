/* The only module that loads `pg`. */
import './navigator.js';
import pg from 'pg';

export const { Client, DatabaseError, escapeIdentifier, escapeLiteral } = pg;
export type Client = pg.Client;
export type DatabaseError = pg.DatabaseError;
