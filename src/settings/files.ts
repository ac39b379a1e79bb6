import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TextDecoder } from 'node:util';
import { findNearest } from '../lib/nearest.js';
import { packageRoot } from '../lib/package-root.js';
import { NO_SOURCE, type Source } from './source.js';
import { readToml } from './toml.js';

/** Where settings are looked for, below the working directory, unless a flag names another file. */
export const DEFAULT_CONFIG_FILE = 'config/settings.toml';
export const DEFAULT_ENV_FILE = 'config/.env';
/** Where profiles are looked for, below the working directory and in the package. */
export const PROFILES_FOLDER = 'config/profiles';

/** Contents of settings files that are pipes, by path: a pipe can be read once only. */
export type Pipes = ReadonlyMap<string, Buffer>;

/** Where files are looked for. */
export interface Place {
  /** Relative paths start here. */
  readonly cwd: string;
  /** Those of the files that are pipes. */
  readonly pipes?: Pipes;
}

/**
 * Reads a file of settings: the one that the operator named, which must exist, or else the `usual` one, which
 * need not. Every obstacle is a problem of the source; nothing is thrown.
 */
export function readFile<S extends Source>(
  named: string | null | undefined,
  usual: string,
  { cwd, pipes }: Place,
  read: (content: string, file: string) => S,
): S | Source {
  const file = named ?? usual;
  let bytes: Buffer;
  try {
    const path = resolve(cwd, file);
    bytes = pipes?.get(path) ?? readFileSync(path);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    // ENOTDIR: `config` is no folder; then the usual file is simply not there either.
    if (named == null && (code === 'ENOENT' || code === 'ENOTDIR')) return NO_SOURCE;
    return { ...NO_SOURCE, problems: [(messages) => messages.settings.unreadableFile(file, code)] };
  }
  const content = decodeText(bytes);
  if (content !== null) return read(content, file);
  return { ...NO_SOURCE, problems: [(messages) => messages.settings.notText(file)] };
}

/**
 * Reads a profile: a file where the name has a slash or ends in `.toml`, else one of the working directory's
 * `config/profiles` or of those that come with the program.
 */
export function readProfile(name: string | null, place: Place): Source {
  if (name === null) return NO_SOURCE;
  if (name.includes('/') || name.endsWith('.toml')) return readFile(name, name, place, readToml);
  const own = resolve(place.cwd, PROFILES_FOLDER);
  const shipped = join(packageRoot(), PROFILES_FOLDER);
  const folder = [own, shipped].find((path) => existsSync(join(path, `${name}.toml`)));
  if (folder !== undefined) {
    return readFile(join(folder, `${name}.toml`), '', place, (content) =>
      readToml(content, `${PROFILES_FOLDER}/${name}.toml`),
    );
  }
  const known = [...new Set([own, shipped].flatMap(profilesIn))].sort();
  const nearest = findNearest(name, known);
  return { ...NO_SOURCE, problems: [(m) => m.settings.unknownProfile(name, known, nearest)] };
}

/** Names of the profiles in a folder. */
export function profilesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.toml'))
    .map((file) => file.slice(0, -'.toml'.length));
}

/** Byte order marks; editors and shells of Windows write them. */
const MARKS: readonly (readonly [string, Buffer])[] = [
  ['utf-16le', Buffer.from([0xff, 0xfe])],
  ['utf-16be', Buffer.from([0xfe, 0xff])],
];

/** The text of a file in UTF-8, or in UTF-16 with its byte order mark, without the mark. Null: it is in neither. */
function decodeText(bytes: Buffer): string | null {
  const marked = MARKS.find(([, mark]) => bytes.subarray(0, mark.length).equals(mark));
  try {
    const text = new TextDecoder(marked?.[0] ?? 'utf-8', { fatal: true }).decode(bytes);
    // UTF-16 without its mark is UTF-8 too, full of NULs.
    return text.includes('\0') ? null : text.replace(/^\ufeff+/, '');
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

const PIPE_CHUNK_BYTES = 1 << 16;

/**
 * Reads the settings files that are pipes, such as the `<(…)` of a shell. Only here does the program wait for them, so
 * that a signal ends the wait for a writer that writes nothing. `named`: the files that flags name.
 */
export async function readPipes(named: readonly (string | null)[], cwd: string): Promise<Pipes> {
  const files = [...named, DEFAULT_CONFIG_FILE, DEFAULT_ENV_FILE].filter((file) => file !== null);
  const paths = files.map((file) => resolve(cwd, file)).filter(isPipe);
  const pipes = new Map<string, Buffer>();
  for (const path of paths) pipes.set(path, await readPipe(path));
  return pipes;
}

function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO();
  } catch {
    return false;
  }
}

async function readPipe(path: string): Promise<Buffer> {
  // Loaded only now: few settings files are pipes.
  const { inputOf } = await import('../sources/ndjson/file-input.js');
  const { END, IDLE } = await import('../sources/ndjson/byte-input.js');
  const input = inputOf(path, false);
  const parts: Buffer[] = [];
  try {
    for (;;) {
      const part = Buffer.alloc(PIPE_CHUNK_BYTES);
      const count = await input.read(part, 0);
      if (count === END) return Buffer.concat(parts);
      if (count !== IDLE) parts.push(part.subarray(0, count));
    }
  } finally {
    await input.close();
  }
}
