import { EXIT, OperatorError } from '../errors.js';
import type { Messages } from '../messages/index.js';

/** Sentences on the operating system's refusals, by error code. */
const SENTENCES: Readonly<
  Record<string, (m: Messages, e: { what: string; code: string }) => string>
> = {
  EMFILE: (m) => m.cli.tooManyFiles(),
  ENFILE: (m) => m.cli.tooManyFiles(),
  ENOSPC: (m, e) => m.cli.diskFull(e),
  EDQUOT: (m, e) => m.cli.diskFull(e),
  EACCES: (m, e) => m.cli.notAllowed(e),
  EPERM: (m, e) => m.cli.notAllowed(e),
  EROFS: (m, e) => m.cli.notAllowed(e),
  EIO: (m, e) => m.cli.deviceFailed(e),
  ENXIO: (m, e) => m.cli.deviceFailed(e),
};

/** The operator's error for a refusal of the operating system; null for any other error, which is a defect. */
export function systemErrorOf(error: unknown): OperatorError | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return null;
  if (syscall === 'uv_cwd') {
    return new OperatorError(EXIT.state, (m) => m.cli.noWorkingFolder(), { cause: error });
  }
  const sentence = SENTENCES[code];
  if (sentence === undefined) return null;
  return new OperatorError(EXIT.state, (m) => sentence(m, { what: path ?? syscall, code }), {
    cause: error,
  });
}
