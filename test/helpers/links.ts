import { posix } from 'node:path';
import { anchorsOf, relativeLinks } from './markdown.js';

/**
 * The links of Markdown files that lead neither to one of `files`, nor to a folder with such files, each as `file: target`.
 * Paths are relative to one root, with `/`.
 */
export function brokenLinks(files: readonly string[], read: (path: string) => string): string[] {
  const places = new Set(files.flatMap((file) => [file, ...foldersOf(file)]));
  return files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      relativeLinks(read(file))
        .filter((target) => {
          const [path = '', anchor] = decodeURI(target).split('#');
          const place = path === '' ? file : posix.join(posix.dirname(file), path);
          const name = place.replace(/\/$/, '');
          if (!places.has(name)) return true;
          return anchor !== undefined && !anchorsOf(read(name)).has(anchor);
        })
        .map((target) => `${file}: ${target}`),
    )
    .sort();
}

function foldersOf(file: string): string[] {
  const folder = posix.dirname(file);
  return folder === '.' ? [] : [folder, ...foldersOf(folder)];
}
