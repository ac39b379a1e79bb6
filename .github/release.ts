/*
 * A step of the release workflow: plans the release of this checkout, and writes its notes to the file that the argument
 * names and its version and tag to the step's outputs. Ends with 1, and the reason, if the version cannot be released.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { planRelease } from './release-plan.js';

const [notesFile] = process.argv.slice(2);
const versionIn = (file: string) =>
  (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;

try {
  if (notesFile === undefined) throw new Error('name the file for the notes');
  const { version, tag, notes } = planRelease({
    version: versionIn('package.json'),
    lockedVersion: versionIn('package-lock.json'),
    changelog: readFileSync('CHANGELOG.md', 'utf8'),
    tags: execFileSync('git', ['tag', '--list'], { encoding: 'utf8' }).split('\n'),
  });
  writeFileSync(notesFile, `${notes}\n`);
  const { GITHUB_OUTPUT: outputs } = process.env;
  if (outputs !== undefined) appendFileSync(outputs, `version=${version}\ntag=${tag}\n`);
  process.stdout.write(`${tag} can be released\n`);
} catch (error) {
  process.stdout.write(`::error title=release::${(error as Error).message}\n`);
  process.exitCode = 1;
}
