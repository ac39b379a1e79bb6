import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** For `skip` of a test: why no certificates can be made; false where they can. */
export const withoutOpenssl: string | false =
  spawnSync('openssl', ['version']).status === 0
    ? false
    : 'there is no openssl to make certificates with';

const DAYS = 2;
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Issue {
  /** The authority's name. */
  readonly by: string;
  readonly subject: string;
  /** `DNS:localhost`, `IP:127.0.0.1`; left out: the subject's name is all there is. */
  readonly names?: string;
  /** Counted from now; below 0: over already. */
  readonly days?: number;
}

/** Makes authorities and certificates in a folder, by openssl. */
export class Certificates {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** An authority, which has signed itself. */
  authority(name: string): Certificate {
    const files = this.#files(name);
    const subject = ['-subj', `/CN=${name}`];
    this.#run('req', '-x509', ...KEY, '-days', String(DAYS), ...subject, ...out(files));
    return files;
  }

  /** A certificate that an authority has signed. */
  issue(name: string, { by, subject, names, days = DAYS }: Issue): Certificate {
    const files = this.#files(name);
    const request = { cert: join(this.#folder, `${name}.csr`), key: files.key };
    this.#run('req', ...KEY, '-subj', `/CN=${subject}`, ...out(request));
    const authority = this.#files(by);
    const extensions = join(this.#folder, `${name}.ext`);
    writeFileSync(extensions, names === undefined ? '' : `subjectAltName=${names}\n`);
    const signing = ['-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial'];
    const more = ['-days', String(days), '-extfile', extensions, '-out', files.cert];
    this.#run('x509', '-req', '-in', request.cert, ...signing, ...more);
    return files;
  }

  #files(name: string): Certificate {
    return { cert: join(this.#folder, `${name}.crt`), key: join(this.#folder, `${name}.key`) };
  }

  #run(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: 'pipe' });
  }
}

/** Certificates of a broker at 127.0.0.1 and of its clients: valid ones, and one of each kind that is refused. */
export function brokerCertificates(folder: string) {
  const maker = new Certificates(folder);
  const [authority, other] = [maker.authority('authority'), maker.authority('other')];
  const by = 'authority';
  return {
    authority,
    other,
    here: maker.issue('here', { by, subject: 'broker', names: 'IP:127.0.0.1' }),
    elsewhere: maker.issue('elsewhere', { by, subject: 'broker', names: 'DNS:kafka.example' }),
    expired: maker.issue('expired', { by, subject: 'broker', names: 'IP:127.0.0.1', days: -1 }),
    client: maker.issue('client', { by, subject: 'client' }),
    foreign: maker.issue('foreign', { by: 'other', subject: 'client' }),
  };
}

function out({ cert, key }: Certificate): string[] {
  return ['-keyout', key, '-out', cert];
}
