import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Connection } from './connection.js';
import { ANSWER, KafkaError, requireOk } from './failures.js';
import { saslAuthenticate, saslHandshake } from './requests.js';
import type { SaslLogin } from './security.js';

/**
 * Logs in on a connection. Returns the lifetime of the login in milliseconds; 0: unlimited. Throws a KafkaError, which
 * never has the password.
 */
export async function logIn(connection: Connection, login: SaslLogin): Promise<number> {
  const { mechanism, username, password } = login;
  const { error, offered } = await connection.request(saslHandshake(mechanism));
  if (error === ANSWER.illegalSaslState) {
    throw new KafkaError({ kind: 'noLogin' }, 'the listener has no SASL');
  }
  if (error === ANSWER.unsupportedSaslMechanism) {
    throw new KafkaError({ kind: 'mechanism', offered }, `${mechanism} is not offered`);
  }
  requireOk(error);
  if (mechanism === 'PLAIN') {
    return (await step(connection, `\0${username}\0${password}`)).lifetimeMs;
  }
  const scram = new Scram(mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512', login);
  const challenge = await step(connection, scram.first());
  const end = await step(connection, await scram.final(challenge.message.toString()));
  scram.check(end.message.toString());
  return end.lifetimeMs;
}

/** The mechanisms that a listener offers, asked without a login; null: it has no SASL. */
export async function offeredMechanisms(connection: Connection): Promise<string[] | null> {
  const { error, offered } = await connection.request(saslHandshake(''));
  return error === ANSWER.illegalSaslState ? null : offered;
}

async function step(connection: Connection, message: string) {
  const answer = await connection.request(saslAuthenticate(Buffer.from(message)));
  if (answer.error === ANSWER.saslAuthenticationFailed) {
    throw new KafkaError({ kind: 'refused' }, answer.detail);
  }
  requireOk(answer.error);
  return answer;
}

/** Hash functions of SCRAM. */
export type ScramHash = 'sha256' | 'sha512';

/** No channel binding to TLS: Kafka has none. */
const GS2_HEAD = 'n,,';
/** More than any server sets; a hostile one could ask for hours of hashing. */
const MAX_ITERATIONS = 1_000_000;
const NONCE_BYTES = 24;

/** The client's side of SCRAM (RFC 5802), without SASLprep and channel binding, as in Kafka. */
export class Scram {
  readonly #hash: ScramHash;
  readonly #password: string;
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Buffer = Buffer.alloc(0);

  /** @param nonce left out: at random */
  constructor(
    hash: ScramHash,
    login: { username: string; password: string },
    nonce = randomBytes(NONCE_BYTES).toString('base64'),
  ) {
    this.#hash = hash;
    this.#password = login.password;
    this.#nonce = nonce;
    const name = login.username.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#firstBare = `n=${name},r=${nonce}`;
  }

  /** The first message. */
  first(): string {
    return GS2_HEAD + this.#firstBare;
  }

  /** The answer to the server's first message, with the proof that the password is known. */
  async final(serverFirst: string): Promise<string> {
    const { r: nonce = '', s: salt = '', i = '' } = fieldsOf(serverFirst);
    const iterations = Number(i);
    const isOwn = nonce.startsWith(this.#nonce) && nonce.length > this.#nonce.length;
    if (!isOwn || salt === '' || !(iterations >= 1 && iterations <= MAX_ITERATIONS)) {
      throw unproven('the answer of SCRAM cannot be right');
    }
    const { length } = createHash(this.#hash).digest();
    const derive = promisify(pbkdf2);
    const saltBytes = Buffer.from(salt, 'base64');
    const salted = await derive(this.#password, saltBytes, iterations, length, this.#hash);
    const clientKey = this.#hmac(salted, 'Client Key');
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const withoutProof = `c=${Buffer.from(GS2_HEAD).toString('base64')},r=${nonce}`;
    const signed = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const signature = this.#hmac(storedKey, signed);
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), signed);
    const proof = clientKey.map((byte, at) => byte ^ signature[at]!);
    return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
  }

  /** Throws unless the server's last message proves that it knows the password, too. */
  check(serverFinal: string): void {
    const signature = Buffer.from(fieldsOf(serverFinal).v ?? '', 'base64');
    const expected = this.#serverSignature;
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw unproven('the signature of the broker is wrong');
    }
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest();
  }
}

/** Parses `a=…,b=…`; values may contain `=`. */
function fieldsOf(message: string): Partial<Record<string, string>> {
  return Object.fromEntries(
    message.split(',').map((field) => [field.slice(0, field.indexOf('=')), field.slice(2)]),
  );
}

function unproven(message: string): KafkaError {
  return new KafkaError({ kind: 'unproven' }, message);
}
