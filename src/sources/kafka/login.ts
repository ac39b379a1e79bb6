import type { Connection } from './connection.js';
import { ANSWER, KafkaError, requireOk } from './error.js';
import { saslAuthenticate, saslHandshake } from './requests.js';
import { Scram } from './scram.js';
import type { SaslLogin } from './security.js';

/**
 * Logs in on a connection. Returns how long the broker lets it stay, in milliseconds; 0: as long as it likes. Throws
 * a KafkaError; the password is in none.
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

/** The mechanisms that a listener offers, without a login; null: it has no SASL. */
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
