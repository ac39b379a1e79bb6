import { EXIT, OperatorError } from '../errors.js';
import type { Client } from './driver.js';
import { NO_PASSWORD, placeOf } from './failures.js';
import { originOf } from './origins.js';
import { lookUpPassword } from './pgpass.js';
import type { ConnectionTarget } from './target.js';

/** SCRAM that is bound to the TLS connection that it goes through. */
const BOUND = 'SCRAM-SHA-256-PLUS';

/** How a server lets a client in, and whether that is what the target demands. */
export class Login {
  readonly #target: ConnectionTarget;
  #method = 'none';
  #bound = false;

  constructor(target: ConnectionTarget) {
    this.#target = target;
  }

  /** Takes note of what the server asks for; to be called before the client connects. */
  watch(client: Client): void {
    // Not in the typings: the client's connection, which tells each message of the server.
    const { connection } = client as Client & { connection: NodeJS.EventEmitter };
    connection.on('authenticationCleartextPassword', () => {
      this.#method = 'password';
    });
    connection.on('authenticationMD5Password', () => {
      this.#method = 'md5';
    });
    connection.on('authenticationSASL', ({ mechanisms }: { mechanisms: readonly string[] }) => {
      this.#method = 'scram-sha-256';
      this.#bound = this.#target.demands?.channelBinding === true && mechanisms.includes(BOUND);
    });
  }

  /** The password to answer with. Throws an `OperatorError` when there is none, or when it must not be shown. */
  password(): string {
    this.requireDemanded();
    const { password, user } = this.#target;
    if (password !== null && password !== '') return password;
    const found = lookUpPassword(this.#target);
    if (found.password !== null) return found.password;
    const where = placeOf(this.#target);
    const setting = originOf(this.#target, 'password');
    const { exposed } = found;
    const cause = Object.assign(new Error('no password was given'), { code: NO_PASSWORD });
    throw new OperatorError(
      EXIT.unreachable,
      (m) =>
        exposed === null
          ? m.db.passwordMissing({ user, where, setting })
          : m.db.passwordFileExposed({ user, where, file: exposed }),
      { cause },
    );
  }

  /** Throws an `OperatorError` when the server lets the client in otherwise than the target demands. */
  requireDemanded(): void {
    const where = placeOf(this.#target);
    const { channelBinding = false, authMethods = null } = this.#target.demands ?? {};
    if (channelBinding && !this.#bound) {
      throw new OperatorError(EXIT.unreachable, (m) => m.db.notBound({ where }));
    }
    if (authMethods !== null && !authMethods.includes(this.#method)) {
      const method = this.#method;
      throw new OperatorError(EXIT.unreachable, (m) =>
        m.db.otherLogin({ where, method, allowed: authMethods }),
      );
    }
  }
}
