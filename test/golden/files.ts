import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/lib/package-root.js';
import { lsnBytes } from '../../src/postgres/lsn.js';
import type { Shape } from '../debezium/shapes.js';
import type { ServerVersion } from '../helpers/server.js';

const FOLDER = join(packageRoot(), 'test', 'golden');

/** A message of pgoutput as the server had it. */
export interface RecordedMessage {
  readonly lsn: number;
  readonly xid: number;
  readonly data: Buffer;
}

/** A message as a line: its place, its transaction, its bytes. */
export interface MessageRow {
  readonly lsn: string;
  readonly xid: string;
  readonly hex: string;
}

/** The events of the scenario in one of Debezium's shapes, one a line. */
export function readEvents(shape: Shape): string[] {
  return readFileSync(eventsFile(shape), 'utf8').trimEnd().split('\n');
}

export function writeEvents(shape: Shape, lines: readonly string[]): void {
  writeFileSync(eventsFile(shape), `${lines.join('\n')}\n`);
}

/** The messages of the scenario as a server of that version sends them. */
export function readMessages(version: ServerVersion): RecordedMessage[] {
  return readFileSync(messagesFile(version), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [lsn = '', xid = '', hex = ''] = line.split(' ');
      return { lsn: lsnBytes(lsn) ?? -1, xid: Number(xid), data: Buffer.from(hex, 'hex') };
    });
}

export function writeMessages(version: ServerVersion, rows: readonly MessageRow[]): void {
  const lines = rows.map(({ lsn, xid, hex }) => `${lsn} ${xid} ${hex}\n`);
  writeFileSync(messagesFile(version), lines.join(''));
}

/** Messages of `streamed.ts`: `streamed`, or `unstreamed` out of the same WAL. */
export function readStreamed(
  name: 'streamed' | 'unstreamed',
  version: ServerVersion,
): Pick<RecordedMessage, 'lsn' | 'data'>[] {
  return readFileSync(streamedFile(name, version), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [lsn = '', hex = ''] = line.split(' ');
      return { lsn: lsnBytes(lsn) ?? -1, data: Buffer.from(hex, 'hex') };
    });
}

export function writeStreamed(
  name: 'streamed' | 'unstreamed',
  version: ServerVersion,
  rows: readonly Omit<MessageRow, 'xid'>[],
): void {
  const lines = rows.map(({ lsn, hex }) => `${lsn} ${hex}\n`);
  writeFileSync(streamedFile(name, version), lines.join(''));
}

function streamedFile(name: 'streamed' | 'unstreamed', version: ServerVersion): string {
  return join(FOLDER, `pgoutput-${name}-${version}.txt`);
}

function eventsFile(shape: Shape): string {
  return join(FOLDER, `debezium-${shape}.ndjson`);
}

function messagesFile(version: ServerVersion): string {
  return join(FOLDER, `pgoutput-${version}.txt`);
}
