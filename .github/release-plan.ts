/** The facts that decide whether a version can be released. */
export interface Candidate {
  /** The version in package.json. */
  readonly version: string;
  /** The version in package-lock.json. */
  readonly lockedVersion: string;
  /** The text of CHANGELOG.md. */
  readonly changelog: string;
  /** The tags that exist. */
  readonly tags: readonly string[];
}

export interface ReleasePlan {
  readonly version: string;
  readonly tag: string;
  /** The version's section of the changelog, in Markdown, without its heading. */
  readonly notes: string;
}

interface Section {
  /** The word in brackets: a version, or `Unreleased`. */
  readonly name: string;
  readonly body: string;
}

/**
 * Plans the release of the version in package.json: the changelog's newest one, with its date, and not tagged yet.
 * Throws an Error with a sentence on the first contradiction.
 */
export function planRelease({ version, lockedVersion, changelog, tags }: Candidate): ReleasePlan {
  const tag = `v${version}`;
  if (lockedVersion !== version) {
    throw new Error(
      `package.json has version ${version}, and package-lock.json has ${lockedVersion}; run \`npm install --package-lock-only\``,
    );
  }
  const sections = sectionsOf(changelog);
  const unreleased = sections.find(({ name }) => name === 'Unreleased');
  if (unreleased !== undefined && unreleased.body !== '') {
    throw new Error(
      `CHANGELOG.md has lines under [Unreleased]; move them to the section of ${version}`,
    );
  }
  const newest = sections.find(({ name }) => name !== 'Unreleased');
  if (newest?.name !== version || newest.body === '') {
    throw new Error(
      `package.json has version ${version}, and the newest section of CHANGELOG.md ${newest === undefined ? 'does not exist' : `is ${newest.name}`}; write one that begins with "## [${version}] - " and the date`,
    );
  }
  if (tags.includes(tag)) {
    throw new Error(`the tag ${tag} exists already; raise the version in package.json`);
  }
  return { version, tag, notes: newest.body };
}

/** A heading of the second level: `## [0.2.0] - 2026-11-29`, or `## [Unreleased]`. */
const HEADING = /^## \[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?[ \t]*$/gm;

/** The sections of a changelog, newest first; a version without its date is left out. */
function sectionsOf(changelog: string): Section[] {
  const headings = [...changelog.matchAll(HEADING)];
  return headings.flatMap(({ 0: heading, 1: name = '', 2: date, index }, i) => {
    if (name !== 'Unreleased' && date === undefined) return [];
    const body = changelog.slice(index + heading.length, headings[i + 1]?.index).trim();
    return [{ name, body }];
  });
}
