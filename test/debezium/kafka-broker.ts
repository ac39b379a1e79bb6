import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KafkaClient } from '../../src/intake/kafka/client.js';
import { PLAINTEXT } from '../../src/intake/kafka/security.js';
import { freePort } from '../helpers/free-port.js';
import { waitFor } from '../helpers/wait-for.js';
import type { Java } from './java.js';

/** A machine that is busy with other tests starts it in ten seconds and more. */
const START_MS = 60_000;
/** Any 16 bytes, in Base64. */
const CLUSTER_ID = 'b2x0cC1zaW11bGF0b3ItMQ';

/** A broker of Kafka in a process of its own, alone in its cluster. Whoever starts it stops it. */
export class KafkaBroker {
  /** HOST:PORT */
  readonly address: string;
  readonly #java: Java;
  readonly #file: string;
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #said = '';

  private constructor(java: Java, file: string, port: number) {
    this.#java = java;
    this.#file = file;
    this.address = `127.0.0.1:${port}`;
  }

  /** Starts it, and waits until it answers. Its data go to a folder, which must be there. */
  static async start(options: { java: Java; folder: string }): Promise<KafkaBroker> {
    const { java, folder } = options;
    const port = await freePort();
    const file = join(folder, 'server.properties');
    writeFileSync(file, properties(folder, port, await freePort()));
    const broker = new KafkaBroker(java, file, port);
    const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file];
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
      this.#said += chunk;
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
      throw new Error(`Kafka did not start: ${this.#said}`, { cause: error });
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

function properties(folder: string, port: number, controllerPort: number): string {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': 'false',
    // One broker has one copy of each; few partitions are made sooner than fifty.
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
