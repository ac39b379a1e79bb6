/**
 * Stands for a value that an update left alone and that the server did not send: it is stored out of
 * line (TOAST), and the WAL does not have it.
 */
export const UNCHANGED: unique symbol = Symbol('unchanged TOAST value');

/** A value as the server's text, with nothing made of it; null is NULL. */
export type TupleValue = string | null | typeof UNCHANGED;

/** In the order of the relation's columns. */
export type Tuple = readonly TupleValue[];

/** The old row, or of it: `key`: its replica identity, everything else null; `full`: all of it. */
export interface OldTuple {
  readonly kind: 'key' | 'full';
  readonly tuple: Tuple;
}

export interface RelationColumn {
  readonly name: string;
  /** Part of the replica identity. */
  readonly key: boolean;
  /** pg_type.oid */
  readonly type: number;
  /** pg_attribute.atttypmod; -1: none. */
  readonly modifier: number;
}

/** pg_class.relreplident, in words. */
export type ReplicaIdentity = 'default' | 'nothing' | 'full' | 'index';

export interface BeginMessage {
  readonly tag: 'begin';
  /** Where the record of its COMMIT is. */
  readonly commitLsn: bigint;
  /** Microseconds since 1970, UTC. */
  readonly commitTime: bigint;
  /** 32 bits: without the epoch that `pg_current_xact_id()` has. */
  readonly xid: number;
}

export interface CommitMessage {
  readonly tag: 'commit';
  readonly commitLsn: bigint;
  /** Where the record of the COMMIT ends: what acknowledges the transaction. */
  readonly endLsn: bigint;
  /** Microseconds since 1970, UTC. */
  readonly commitTime: bigint;
}

/** The transaction came from another server, by replication. */
export interface OriginMessage {
  readonly tag: 'origin';
  readonly lsn: bigint;
  readonly name: string;
}

/** Describes a table: sent before its first change on a connection, and again when it has changed. */
export interface RelationMessage {
  readonly tag: 'relation';
  /** pg_class.oid: what changes name their table by. */
  readonly relation: number;
  readonly schema: string;
  readonly name: string;
  readonly identity: ReplicaIdentity;
  readonly columns: readonly RelationColumn[];
}

/** Describes a type that is not built in. */
export interface TypeMessage {
  readonly tag: 'type';
  readonly type: number;
  readonly schema: string;
  readonly name: string;
}

export interface InsertMessage {
  readonly tag: 'insert';
  readonly relation: number;
  readonly row: Tuple;
}

export interface UpdateMessage {
  readonly tag: 'update';
  readonly relation: number;
  /** null where the identity did not change and is not the full row. */
  readonly old: OldTuple | null;
  readonly row: Tuple;
}

export interface DeleteMessage {
  readonly tag: 'delete';
  readonly relation: number;
  readonly old: OldTuple;
}

export interface TruncateMessage {
  readonly tag: 'truncate';
  readonly relations: readonly number[];
  readonly cascade: boolean;
  readonly restartIdentity: boolean;
}

/** What `pg_logical_emit_message` wrote. */
export interface LogicalMessage {
  readonly tag: 'message';
  /** Otherwise it arrives outside of all transactions, and before its own has ended. */
  readonly transactional: boolean;
  readonly lsn: bigint;
  readonly prefix: string;
  readonly content: Buffer;
}

export type PgOutputMessage =
  | BeginMessage
  | CommitMessage
  | OriginMessage
  | RelationMessage
  | TypeMessage
  | InsertMessage
  | UpdateMessage
  | DeleteMessage
  | TruncateMessage
  | LogicalMessage;
