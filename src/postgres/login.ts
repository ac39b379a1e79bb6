import { EXIT, OperatorError } from '../errors.js';
import type { Client } from './driver.js';
import { NO_PASSWORD } from './failures.js';
import { lookUpPassword } from './pgpass.js';
import { addressOf, type ConnectionTarget, originOf } from './target.js';

/** SCRAM with channel binding: bound to its TLS connection. */
const BOUND = 'SCRAM-SHA-256-PLUS';

/** Watches how a server authenticates a client, and checks that against the target's demands. */
export class Login {
  readonly #target: ConnectionTarget;
  #method = 'none';
  #bound = false;

  constructor(target: ConnectionTarget) {
    this.#target = target;
  }

  /** Records the method that the server asks for. Call it before the client connects. */
  watch(client: Client): void {
    // Not in the typings: the client's connection, which emits each message of the server.
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

  /** The password to send. Throws an `OperatorError` if there is none, or if this method is not allowed. */
  password(): string {
    this.requireDemanded();
    const { password, user } = this.#target;
    if (password !== null && password !== '') return password;
    const found = lookUpPassword(this.#target);
    if (found.password !== null) return found.password;
    const where = addressOf(this.#target);
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

  /** Throws an `OperatorError` if the server's method is not what the target demands. */
  requireDemanded(): void {
    const where = addressOf(this.#target);
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
