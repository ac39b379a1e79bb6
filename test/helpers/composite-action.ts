import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { whenStopped } from './when-stopped.js';

/** A composite action of GitHub, as far as its runner reads it here. */
export interface CompositeAction {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: 'composite'; readonly steps: readonly Step[] };
}

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly run?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly 'working-directory'?: string;
}

/** A use of another action, which is noted and not run. */
interface Use {
  readonly action: string;
  readonly with: Readonly<Record<string, string>>;
}

export interface ActionResult {
  /** The exit code of the step that failed; 0: all steps succeeded. */
  readonly exitCode: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly uses: readonly Use[];
  /** The log of the job. */
  readonly log: string;
  /** The page of the job, in Markdown. */
  readonly summary: string;
}

export function readAction(file: string): CompositeAction {
  return parse(readFileSync(file, 'utf8')) as CompositeAction;
}

/**
 * Runs the steps of an action as GitHub's runner does: in order, scripts in bash, values of expressions put in before.
 *
 * @param checkout the folder of the action itself
 * @param workspace an empty folder for the job
 */
export async function runCompositeAction(
  { inputs: declared, outputs, runs }: CompositeAction,
  given: Readonly<Record<string, string>>,
  { checkout, workspace }: { readonly checkout: string; readonly workspace: string },
): Promise<ActionResult> {
  const temp = join(workspace, '.runner');
  mkdirSync(temp);
  const summaryFile = join(temp, 'summary.md');
  writeFileSync(summaryFile, '');
  const values = new Map<string, string>();
  for (const [name, input] of Object.entries(declared)) {
    values.set(`inputs.${name}`, given[name] ?? input.default ?? '');
  }
  const uses: Use[] = [];
  let log = '';
  let exitCode = 0;
  for (const [i, step] of runs.steps.entries()) {
    if (!isDue(step.if, values, exitCode !== 0)) continue;
    if (step.uses !== undefined) {
      const entries = Object.entries(step.with ?? {});
      const texts = entries.map(([name, value]) => [name, fill(String(value), values)] as const);
      uses.push({ action: step.uses, with: Object.fromEntries(texts) });
      continue;
    }
    assert.equal(step.shell, 'bash', 'a composite action names the shell of each script');
    const script = join(temp, `${i}.sh`);
    const outputFile = join(temp, `${i}.output`);
    writeFileSync(script, step.run ?? '');
    writeFileSync(outputFile, '');
    const env = Object.entries(step.env ?? {});
    const ended = await runScript(
      script,
      join(
        workspace,
        step['working-directory'] === undefined ? '.' : fill(step['working-directory'], values),
      ),
      {
        PATH: process.env.PATH ?? '',
        HOME: temp,
        GITHUB_ACTION_PATH: checkout,
        GITHUB_OUTPUT: outputFile,
        GITHUB_STEP_SUMMARY: summaryFile,
        ...Object.fromEntries(env.map(([name, value]) => [name, fill(value, values)])),
      },
    );
    log += ended.output;
    if (ended.exitCode !== 0 && exitCode === 0) exitCode = ended.exitCode;
    for (const [, name, value] of readFileSync(outputFile, 'utf8').matchAll(/^([^=]+)=(.*)$/gm)) {
      values.set(`steps.${step.id}.outputs.${name}`, value ?? '');
    }
  }
  const results = Object.entries(outputs).map(([name, { value }]) => [name, fill(value, values)]);
  return {
    exitCode,
    outputs: Object.fromEntries(results),
    uses,
    log,
    summary: readFileSync(summaryFile, 'utf8'),
  };
}

type Values = ReadonlyMap<string, string>;

/** Puts in the values of `${{ … }}`. */
function fill(text: string, values: Values): string {
  return text.replace(/\$\{\{ *(.+?) *\}\}/g, (_, name: string) => values.get(name) ?? '');
}

/** Whether a step runs. Conditions are parts joined by `&&`: `always()`, or `<value> != ''`. */
function isDue(condition: string | undefined, values: Values, hasFailed: boolean): boolean {
  const parts = condition?.split(' && ') ?? [];
  if (hasFailed && !parts.includes('always()')) return false;
  return parts.every((part) => {
    if (part === 'always()') return true;
    const [, name] = /^(\S+) != ''$/.exec(part) ?? [];
    assert.ok(name !== undefined, `an unknown condition: ${part}`);
    return (values.get(name) ?? '') !== '';
  });
}

/** Runs a script with the options of GitHub's `shell: bash`. */
function runScript(
  script: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<{ exitCode: number; output: string }> {
  const options = ['--noprofile', '--norc', '-eo', 'pipefail', script];
  const child = spawn('bash', options, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const release = whenStopped(() => child.kill('SIGTERM'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      release();
      if (code === null) reject(new Error(`${signal} ended ${script}:\n${output}`));
      else resolve({ exitCode: code, output });
    });
  });
}
