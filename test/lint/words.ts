/** A word or phrase that the project does not use, and the better one. */
export interface Rule {
  /** The better word, as lint prints it. */
  readonly better: string;
  /** Matches a whole identifier, without `#`. Identifiers in snake_case are JSON's or SQL's, and not tried. */
  readonly name?: RegExp;
  /** Matches words of an identifier: `tellingIds` is tried as `telling ids`. */
  readonly part?: RegExp;
  /** Matches the name of a variable, parameter, function or type, but not that of a member (which may be JSON's). */
  readonly binding?: RegExp;
  /** Matches in comments, titles of tests and Markdown. `BEGIN` stands before a comment's first word. */
  readonly prose?: RegExp;
  /** Where the rule holds; everywhere without it. */
  readonly paths?: RegExp;
}

/** Stands before the first word of a comment; a private-use character, which no text has. */
export const BEGIN = '\u{E000}';

/** Words that were private to the project; the field has others. */
const PRIVATE_WORDS: readonly Rule[] = [
  { better: 'TransactionJournal', name: /^books$/i, prose: /\bBooks\b/g },
  { better: 'BatchQueue, ScheduledBatch', name: /^Orders?$/ },
  { better: 'rowByRow', part: /\bcareful(ly)?\b/, paths: /^(src|workers)\// },
  { better: 'StallGuard, stall', part: /\bdroughts?\b/, prose: /\bdroughts?\b/gi },
  { better: 'WorkerStats', part: /\btall(y|ies)\b/, prose: /\btall(y|ies)\b/gi },
  { better: 'BatchBuilder', part: /\bcomposer\b/, prose: /\bcomposer\b/gi },
  { better: 'ReplayWindow', name: /^tape$/i },
  {
    better: 'UnidentifiedTransactions, unidentified',
    part: /\bnameless\b/,
    prose: /\bnameless\b/gi,
  },
  { better: 'BoundedSet', name: /^Recent$/ },
  { better: 'RowFingerprint', name: /^Contents$/ },
  { better: 'RowTracker', name: /^KeyStates$/ },
  { better: 'TransactionProgress', name: /^Delivery$/ },
  { better: 'EventTemplates, template', part: /\bskeletons?\b/, prose: /\bskeletons?\b/gi },
  { better: 'ParsedFields', name: /^drafts?$/i, prose: /\bDrafts?\b/g },
  { better: 'RunLogger', part: /\bnarrat(or|e|es|ed|ing|ion)\b/, prose: /\bnarrat(or|ion)\b/gi },
  {
    better: 'warm-up',
    part: /\brehears(e|es|ed|al|als|ing)\b/,
    prose: /\brehears(e|es|ed|al|als|ing)\b/gi,
  },
  { better: 'ChunkQueue', part: /\bseed board\b/, prose: /\bseed[- ]?board\b/gi },
  { better: 'Rng, RngPurpose', name: /^(STREAMS|Draws)$/ },
  { better: 'SeriesStats', name: /^SeriesDigest$/ },
  {
    better: 'stats (a digest is the ledger’s)',
    binding: /^digest$/,
    paths: /^src\/(report|runs)\//,
  },
  { better: 'send, sendUnchecked', name: /^(demand|exchange)$/, paths: /^(src|test)\/.*kafka/ },
  { better: 'validators', name: /^kinds$/, paths: /^src\/settings\// },
  { better: 'signal', part: /\bwish(es)?\b/, prose: /\bwish(es)?\b/gi },
  { better: 'foreign transaction', part: /\bstrangers?\b/, prose: /\bstrangers?\b/gi },
  { better: 'interleaved, cut off', part: /\btorn\b/, prose: /\btorn\b/gi },
  { better: 'ignored', part: /\baside\b/, prose: /\baside\b(?!\s+from)/gi },
  { better: 'Target', name: /^Patient$/, paths: /doctor/ },
  { better: 'Workspace', name: /^ward$/i },
];

/** Names that do not say what they name. */
const EMPTY_NAMES: readonly Rule[] = [
  { better: 'a verb for the deed: report, log, return, state', part: /\btell(s|ing)?\b/ },
  { better: 'a word for the thing: reported, logged, returned', part: /\b(un)?told\b/ },
  {
    better: 'a noun for the thing',
    binding:
      /^(what|whatever|whose|who|whom|said|nobody|somebody|whoever|theirs|mine|thing|things)$/i,
  },
];

/** Phrases that a reader must decode. */
const PHRASES: readonly Rule[] = [
  {
    better: 'a noun or a verb first',
    prose: new RegExp(`(${BEGIN}|[.:;])\\s*What(?=\\s)(?![^.:;${BEGIN}]*\\?)`, 'g'),
  },
  {
    better: 'amounts to, affects, is',
    prose: /\b(comes?|came|coming)\s+to\b(?!\s+(an\s+end|rest))/gi,
  },
  { better: 'no, not one of, cannot belong to', prose: /\bnone\s+of\b/gi },
  { better: 'handled, finished', prose: /\bdealt\s+with\b/gi },
  { better: 'the noun itself', prose: /\bthat\s+which\b/gi },
  { better: 'a sentence of its own', prose: /\bof\s+which\s+none\b/gi },
  { better: 'unknown', prose: /\bnobody\s+knows\b/gi },
  {
    better: 'is reported, stated, logged',
    prose: /\b(is|are|was|were|be|been|being)\s+told\b(?!\s+(apart|to))/gi,
  },
  { better: 'reports, states', prose: /\b(told|tells?|telling)\s+of\b/gi },
  { better: 'the ordinal of', prose: /\bhow[- ]manieth\b/gi },
  { better: 'any, or name the cases', part: /\bwhatever\b/, prose: /\bwhatever\b/gi },
  { better: 'fix', part: /\bmend(s|ed|ing)?\b/, prose: /\bmend(s|ed|ing)?\b/gi },
  {
    better: 'after',
    // Not: to lag behind something, or a server behind a proxy.
    prose:
      /(?<!\b(lag|lags|lagged|lagging|fall|falls|fell|far|furthest|stay|stays|left|leave|close|server|setting)\s+)\bbehind\s+(the|it|them|an?|this|these|its|their|each|every)\b(?!\s+(\w+\s+)?(proxy|pooler|load\s+balancer|NAT|firewall|tunnel|master|slot|server|producer|standby))/gi,
  },
];

export const RULES: readonly Rule[] = [...PRIVATE_WORDS, ...EMPTY_NAMES, ...PHRASES];
