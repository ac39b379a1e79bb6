import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KafkaClient } from '../../src/sources/kafka/client.js';
import { PLAINTEXT } from '../../src/sources/kafka/security.js';
import { freePort } from '../helpers/free-port.js';
import { waitFor } from '../helpers/wait-for.js';
import type { Java } from './java.js';

/** A machine that is busy with other tests starts it in ten seconds, a busier one in minutes. */
const START_MS = 180_000;
/** Any 16 bytes, in Base64. */
const CLUSTER_ID = 'b2x0cC1zaW11bGF0b3ItMQ';

/** Further listeners of a broker: with TLS, with logins, with both. */
export interface Secured {
  /** The broker's key and its certificate, one after the other, in a PEM file. */
  readonly keystore: string;
  /** The authority of client certificates. */
  readonly authority: string;
  /** May log in by every mechanism. */
  readonly user: { readonly name: string; readonly password: string };
}

/** `MTLS` is TLS with a client certificate; `SASL_PLAINTEXT` takes SCRAM-SHA-512 only, and for `SESSION_MS`. */
export const SECURED = ['SSL', 'MTLS', 'SASL_SSL', 'SASL_PLAINTEXT'] as const;
export type SecuredListener = (typeof SECURED)[number];

/** How long a login at `SASL_PLAINTEXT` lasts. */
export const SESSION_MS = 2_000;

/** A broker of Kafka in a process of its own, alone in its cluster. Whoever starts it stops it. */
export class KafkaBroker {
  /** HOST:PORT, in plaintext. */
  readonly address: string;
  /** The same of the other listeners, where there are some. */
  readonly secured: Readonly<Record<SecuredListener, string>>;
  readonly #java: Java;
  readonly #file: string;
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #output = '';

  private constructor(java: Java, file: string, ports: Record<Listener, number>) {
    this.#java = java;
    this.#file = file;
    const addressOf = (listener: Listener) => `127.0.0.1:${ports[listener]}`;
    this.address = addressOf('PLAINTEXT');
    this.secured = {
      SSL: addressOf('SSL'),
      MTLS: addressOf('MTLS'),
      SASL_SSL: addressOf('SASL_SSL'),
      SASL_PLAINTEXT: addressOf('SASL_PLAINTEXT'),
    };
  }

  /** Starts it, and waits until it answers. Its data go to a folder, which must be there. */
  static async start(options: {
    java: Java;
    folder: string;
    secured?: Secured;
  }): Promise<KafkaBroker> {
    const { java, folder, secured } = options;
    const file = join(folder, 'server.properties');
    const ports = {
      PLAINTEXT: await freePort(),
      CONTROLLER: await freePort(),
      SSL: await freePort(),
      MTLS: await freePort(),
      SASL_SSL: await freePort(),
      SASL_PLAINTEXT: await freePort(),
    };
    writeFileSync(file, propertiesText(folder, ports, secured));
    const broker = new KafkaBroker(java, file, ports);
    const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file];
    for (const mechanism of secured === undefined ? [] : SCRAM) {
      const { name, password } = secured!.user;
      format.push('--add-scram', `${mechanism}=[name=${name},password=${password}]`);
    }
    await promisify(execFile)('java', [...java.arguments, ...format], { timeout: START_MS });
    await broker.restart();
    return broker;
  }

  /** Starts it again, with all that it had. */
  async restart(): Promise<void> {
    await this.stop();
    const child = spawn('java', [...this.#java.arguments, 'kafka.Kafka', this.#file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer) => {
      this.#output += chunk;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#child = null;
        resolve();
      };
      child.once('close', end);
      child.once('error', end);
    });
    this.#child = child;
    try {
      await waitFor(() => this.#answers(), { deadline: START_MS, what: 'the broker to answer' });
    } catch (error) {
      await this.stop();
      throw new Error(`Kafka did not start: ${this.#output}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    this.#child?.kill();
    await this.#ended;
  }

  async #answers(): Promise<boolean> {
    if (this.#child === null) throw new Error('it has ended');
    const client = new KafkaClient([this.address], PLAINTEXT);
    try {
      await client.metadata(null);
      return true;
    } catch {
      return false;
    } finally {
      client.close();
    }
  }
}

type Listener = 'PLAINTEXT' | 'CONTROLLER' | SecuredListener;

const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

function propertiesText(
  folder: string,
  ports: Readonly<Record<Listener, number>>,
  secured: Secured | undefined,
): string {
  const names: Listener[] = ['PLAINTEXT', ...(secured === undefined ? [] : SECURED)];
  const at = (name: Listener) => `${name}://127.0.0.1:${ports[name]}`;
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${ports.CONTROLLER}`,
    listeners: [...names, 'CONTROLLER' as const].map(at).join(),
    'advertised.listeners': names.map(at).join(),
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': 'false',
    // One broker has one copy of each; few partitions are made sooner than fifty.
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    ...(secured === undefined ? {} : securedSettings(secured)),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function securedSettings({ keystore, authority, user }: Secured): Record<string, string> {
  const protocols = [...SECURED.map((name) => `${name}:${name === 'MTLS' ? 'SSL' : name}`)];
  const login = (name: string, more = '') =>
    `org.apache.kafka.common.security.${name}LoginModule required${more};`;
  const scram = Object.fromEntries(
    ['sasl_ssl', 'sasl_plaintext'].flatMap((listener) =>
      SCRAM.map((mechanism) => [
        `listener.name.${listener}.${mechanism.toLowerCase()}.sasl.jaas.config`,
        login('scram.Scram'),
      ]),
    ),
  );
  return {
    'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,${protocols}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authority,
    'listener.name.mtls.ssl.client.auth': 'required',
    'listener.name.sasl_ssl.sasl.enabled.mechanisms': ['PLAIN', ...SCRAM].join(),
    'listener.name.sasl_ssl.plain.sasl.jaas.config': login(
      'plain.Plain',
      ` user_${user.name}="${user.password}"`,
    ),
    'listener.name.sasl_plaintext.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.sasl_plaintext.connections.max.reauth.ms': String(SESSION_MS),
    ...scram,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // Whoever comes in plaintext, the controller too.
    'super.users': 'User:ANONYMOUS',
    'allow.everyone.if.no.acl.found': 'true',
  };
}
