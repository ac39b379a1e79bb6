import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { EXIT, inEnglish, OperatorError, type Sentence, SourceAbsent } from '../../errors.js';
import { machineMicros, within } from '../../lib/clock.js';
import { Wakeable } from '../../lib/wakeable.js';
import { Intake, type IntakeOptions, TOO_LONG } from '../intake.js';
import { DocumentLines, isIndented } from '../ndjson/lines.js';
import type { Scope } from '../scope.js';
import type { Sink, Source } from '../source.js';
import { type HttpAddress, urlOf } from './address.js';
import { hasLines, isBlank, readBody } from './body.js';

/** Limit for receiving a request: Debezium Server's own for a whole one. */
const REQUEST_MS = 60_000;
/** Between two checks of that limit. */
const CHECK_MS = 2_000;
/** How long `stop` waits for requests that are still arriving. */
const STOP_MS = 5_000;

/** The only status that all versions of Debezium Server take for success. */
const TAKEN = 204;

interface Answer {
  readonly status: number;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Receives posted events, as Debezium Server's HTTP sink sends them: one per request, an array of them, or one a line.
 * Answers with success once the sink has room again. Requests are taken in the order in which their last bytes arrived.
 */
export class HttpSource implements Source {
  readonly partitions = 1;
  readonly #address: HttpAddress;
  readonly #server: Server;
  /** Resolves at `run`. */
  readonly #consumer: Promise<{ readonly sink: Sink; readonly intake: Intake }>;
  #begin: (sink: Sink, scope: Scope) => void = () => undefined;
  #listening: Promise<{ readonly url: string }> | null = null;
  /** Ended by `stop`. */
  readonly #stop = new Wakeable();
  /** The error that the sink threw. */
  #failure: { readonly error: unknown } | null = null;
  /** Resolves when every request that has arrived was taken. */
  #taken: Promise<unknown> = Promise.resolve();
  #arrived = 0;
  #running = 0;
  /** Called when no request is running any more. */
  #onRest: () => void = () => undefined;
  #position = 0;

  constructor(address: HttpAddress, options: IntakeOptions = {}) {
    this.#address = address;
    this.#consumer = new Promise((resolve) => {
      this.#begin = (sink, scope) => {
        resolve({ sink, intake: new Intake(sink, scope, options) });
      };
    });
    this.#server = createServer(
      { requestTimeout: REQUEST_MS, connectionsCheckingInterval: CHECK_MS },
      (request, response) => void this.#serve(request, response),
    );
    // Never closes an idle connection: closing it as the next event is sent costs the sender a second.
    this.#server.keepAliveTimeout = 0;
  }

  /** Listens and returns the URL to post to; requests wait until `run`. Throws an OperatorError if it cannot listen. */
  start(): Promise<{ readonly url: string }> {
    this.#listening ??= this.#listen();
    return this.#listening;
  }

  async run(sink: Sink, scope: Scope): Promise<void> {
    await this.start();
    this.#begin(sink, scope);
    await this.#stop.sleep();
    await this.#close();
    if (this.#failure !== null) throw this.#failure.error;
  }

  stop(): void {
    this.#stop.end();
  }

  /** Closes it where `run` was not called. */
  async close(): Promise<void> {
    this.stop();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #listen(): Promise<{ readonly url: string }> {
    const { host, port } = this.#address;
    return new Promise((resolve, reject) => {
      this.#server.once('error', ({ code = '' }: NodeJS.ErrnoException) => {
        const at = urlOf(this.#address);
        const sentence: OperatorError['sentence'] = (m) =>
          code === 'EADDRINUSE'
            ? m.sources.portTaken({ at, port })
            : m.sources.noListen({ at, code });
        const Refusal = code === 'EADDRINUSE' ? SourceAbsent : OperatorError;
        reject(new Refusal(EXIT.usage, sentence));
      });
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        const bound = typeof address === 'object' && address !== null ? address.port : port;
        resolve({ url: urlOf({ ...this.#address, port: bound }) });
      });
    });
  }

  /** Takes no more connections, and waits for running requests. */
  async #close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    const rest = new Promise<void>((resolve) => {
      this.#onRest = resolve;
    });
    if (this.#running > 0) await within(rest, STOP_MS);
    await this.#taken;
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#running++;
    try {
      const answer = await this.#answer(request);
      if (answer !== null) this.#reply(request, response, answer);
    } catch (error) {
      this.#failure ??= { error };
      this.#reply(request, response, { status: 500 });
      this.stop();
    } finally {
      // Sent, or given up by the client.
      await finished(response).catch(() => undefined);
      this.#running--;
      if (this.#running === 0) this.#onRest();
    }
  }

  async #answer(request: IncomingMessage): Promise<Answer | null> {
    const { method = '', url = '' } = request;
    const path = url.split('?', 1)[0];
    if (path === '/' && (method === 'GET' || method === 'HEAD')) {
      return { status: 200, text: `oltp-simulator: ${this.#arrived} requests taken in\n` };
    }
    if (path !== this.#address.path)
      return { status: 404, text: `post to ${this.#address.path}\n` };
    if (method !== 'POST') return { status: 405, headers: { allow: 'POST' } };
    if (this.#stop.ended) return { status: 503 };
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
      return { status: 415, text: 'post it without a content-encoding\n' };
    }
    const body = await readBody(request);
    if ('failed' in body) {
      if (body.failed === 'aborted') return null;
      return this.#inOrder(async () => this.#refuse(TOO_LONG, 413));
    }
    const receivedAt = machineMicros();
    return this.#inOrder(() => this.#take(body.bytes, receivedAt));
  }

  /** Runs `work` after that of the requests that arrived before, also where that failed. */
  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#taken.then(work);
    this.#taken = done.catch(() => undefined);
    return done;
  }

  async #take(bytes: Buffer, receivedAt: number): Promise<Answer> {
    if (isBlank(bytes)) return this.#refuse((m) => m.malformed.emptyBody(), 400);
    const { sink, intake } = await this.#consumer;
    this.#arrived++;
    if (hasLines(bytes)) {
      const lines = isIndented(bytes) === true ? new DocumentLines().push(bytes) : bytes;
      this.#position = intake.lines(lines, 0, this.#position + 1, receivedAt) - 1;
    } else intake.valueOrArray(bytes, 0, ++this.#position, receivedAt);
    const reason = intake.takeReason();
    await sink.ready();
    this.#idleIfLast(sink);
    return reason === null ? { status: TAKEN } : { status: 400, text: textOf(reason) };
  }

  async #refuse(reason: Sentence, status: number): Promise<Answer> {
    const { sink, intake } = await this.#consumer;
    intake.refuse(reason, 0, ++this.#position);
    intake.takeReason();
    await sink.ready();
    this.#idleIfLast(sink);
    return { status, text: textOf(reason) };
  }

  /** Tells the sink that there is nothing more, if no other request is running. */
  #idleIfLast(sink: Sink): void {
    if (this.#running === 1) sink.idle();
  }

  #reply(
    request: IncomingMessage,
    response: ServerResponse,
    { status, text = '', headers }: Answer,
  ): void {
    // The rest of the request is not read.
    const unread = !request.complete;
    const last = this.#stop.ended || unread ? { connection: 'close' } : {};
    const type = text === '' ? {} : { 'content-type': 'text/plain; charset=utf-8' };
    response.writeHead(status, { ...type, ...headers, ...last });
    response.end(request.method === 'HEAD' ? undefined : text);
    if (unread) response.once('finish', () => request.socket.destroySoon());
  }
}

/** The body of an answer: in English, for the sender writes it to its own log. */
function textOf(reason: Sentence): string {
  return `${inEnglish(reason)}\n`;
}
