import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { EXIT, OperatorError, SourceAbsent } from '../../errors.js';
import { machineMicros, within } from '../../lib/clock.js';
import { Wakeable } from '../../lib/wakeable.js';
import { DebeziumIntake, type IntakeOptions, TOO_LONG } from '../debezium/intake.js';
import { DocumentLines, isIndented } from '../ndjson/indented.js';
import type { Scope } from '../scope.js';
import type { Sink, Source } from '../source.js';
import { WatchedSink } from '../watched-sink.js';
import { type HttpAddress, urlOf } from './address.js';
import { hasLines, isBlank, readBody } from './body.js';

/** A request that takes longer to come is given up: what Debezium Server allows for the whole of one. */
const REQUEST_MS = 60_000;
const CHECK_MS = 2_000;
/** How long a `stop` waits for the rest of a request that is still coming. */
const STOP_MS = 5_000;

/** Debezium Server takes no other success in all its versions. */
const TAKEN = 204;

interface Answer {
  readonly status: number;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Takes events that are posted to it, as Debezium Server's HTTP sink does: JSON, one event a request or an
 * array of them or one a line. A request is answered with success once its events were taken; it arrived
 * when its last byte had, and requests are taken in the order of their arrival.
 */
export class HttpSource implements Source {
  readonly partitions = 1;
  readonly #address: HttpAddress;
  readonly #server: Server;
  readonly #sink: Promise<{ readonly watched: WatchedSink; readonly intake: DebeziumIntake }>;
  #begin: (sink: Sink, scope: Scope) => void = () => undefined;
  #listening: Promise<{ readonly url: string }> | null = null;
  /** Ended by `stop`. */
  readonly #stop = new Wakeable();
  /** What broke in the sink. */
  #failure: { readonly error: unknown } | null = null;
  /** Resolves when the requests that have arrived are taken. */
  #taken: Promise<unknown> = Promise.resolve();
  #arrived = 0;
  #running = 0;
  /** Called when no request is running any more. */
  #rest: () => void = () => undefined;
  #position = 0;

  constructor(address: HttpAddress, options: IntakeOptions = {}) {
    this.#address = address;
    this.#sink = new Promise((resolve) => {
      this.#begin = (sink, scope) => {
        const watched = new WatchedSink(sink);
        resolve({ watched, intake: new DebeziumIntake(watched, scope, options) });
      };
    });
    this.#server = createServer(
      { requestTimeout: REQUEST_MS, connectionsCheckingInterval: CHECK_MS },
      (request, response) => void this.#serve(request, response),
    );
    // A connection that is closed just when the next event is sent on it costs the sender a second.
    this.#server.keepAliveTimeout = 0;
  }

  /**
   * Listens; requests wait until `run`. Returns the URL to post to. Throws an OperatorError when the
   * address is not to be had.
   */
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

  /** Ends it when `run` was not called. */
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
        const tell: OperatorError['tell'] = (m) =>
          code === 'EADDRINUSE'
            ? m.source.portTaken({ at, port })
            : m.source.noListen({ at, code });
        const Refusal = code === 'EADDRINUSE' ? SourceAbsent : OperatorError;
        reject(new Refusal(EXIT.usage, tell));
      });
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        const bound = typeof address === 'object' && address !== null ? address.port : port;
        resolve({ url: urlOf({ ...this.#address, port: bound }) });
      });
    });
  }

  /** Takes no more connections, and lets the requests end that are running. */
  async #close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    const rest = new Promise<void>((resolve) => {
      this.#rest = resolve;
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
      // Sent, or given up by who posted it.
      await finished(response).catch(() => undefined);
      this.#running--;
      if (this.#running === 0) this.#rest();
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

  /** Lets `work` follow on that of the requests that arrived before, whatever came of it. */
  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#taken.then(work);
    this.#taken = done.catch(() => undefined);
    return done;
  }

  async #take(bytes: Buffer, receivedAt: number): Promise<Answer> {
    if (isBlank(bytes)) return this.#refuse('an empty body', 400);
    const { watched, intake } = await this.#sink;
    this.#arrived++;
    if (hasLines(bytes)) {
      const lines = isIndented(bytes) === true ? new DocumentLines().push(bytes) : bytes;
      this.#position = intake.lines(lines, 0, this.#position + 1, receivedAt) - 1;
    } else intake.batch(bytes, 0, ++this.#position, receivedAt);
    const reason = watched.takeReason();
    await watched.ready();
    this.#tellIdle(watched);
    return reason === null ? { status: TAKEN } : { status: 400, text: `${reason}\n` };
  }

  async #refuse(reason: string, status: number): Promise<Answer> {
    const { watched } = await this.#sink;
    watched.malformed({ partition: 0, position: ++this.#position, reason });
    watched.takeReason();
    await watched.ready();
    this.#tellIdle(watched);
    return { status, text: `${reason}\n` };
  }

  /** This request is the last one that is running. */
  #tellIdle(sink: Sink): void {
    if (this.#running === 1) sink.idle();
  }

  #reply(
    request: IncomingMessage,
    response: ServerResponse,
    { status, text = '', headers }: Answer,
  ): void {
    // What of the request is still to come nobody reads.
    const unread = !request.complete;
    const last = this.#stop.ended || unread ? { connection: 'close' } : {};
    const type = text === '' ? {} : { 'content-type': 'text/plain; charset=utf-8' };
    response.writeHead(status, { ...type, ...headers, ...last });
    response.end(request.method === 'HEAD' ? undefined : text);
    if (unread) response.once('finish', () => request.socket.destroySoon());
  }
}
