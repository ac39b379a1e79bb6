import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/lib/package-root.js';
import { findWords } from './find-words.js';

// Lists the words that the project does not use in its own TypeScript and Markdown, and ends with 1 if there are any.
const root = packageRoot();
const tracked = ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.md'];
const files = execFileSync('git', tracked, { cwd: root, encoding: 'utf8' })
  .split('\n')
  // Documents in Portuguese have other words.
  .filter((file) => existsSync(join(root, file)) && /\.(ts|(?<!pt-BR\.)md)$/.test(file));
let count = 0;
for (const file of files) {
  for (const { line, found, better } of findWords(file, readFileSync(join(root, file), 'utf8'))) {
    count++;
    process.stdout.write(`${file}:${line}  ${found}  →  ${better}\n`);
  }
}
if (count > 0) {
  process.stdout.write(`${count} words that the project does not use (test/lint/words.ts)\n`);
  process.exitCode = 1;
}
