import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { EXIT, OperatorError } from '../../../src/errors.js';
import { HttpSource } from '../../../src/sources/http/source.js';
import { anyScope } from '../../helpers/any-scope.js';
import { waitFor } from '../../helpers/wait-for.js';
import { Collector, collecting } from './collecting.js';

const PATH = '/events';

const event = (id: number) =>
  JSON.stringify({
    before: null,
    after: null,
    op: 'd',
    source: {
      schema: 'public',
      table: 'exames',
      txId: 7,
      lsn: 100 + id,
      ts_us: 1_700_000_000_000_000,
    },
    ts_us: 1_700_000_000_000_001,
  }).replace('"before":null', `"before":{"id":${id}}`);

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly connection: string | undefined;
}

interface Post {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly agent?: Agent;
}

function post(url: string, body: string | Buffer, options: Post = {}): Promise<Reply> {
  const { method = 'POST', path = PATH, headers = {}, agent } = options;
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(path, url),
      { method, headers, ...(agent === undefined ? { agent: false } : { agent }) },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, text, connection: headers.connection });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Lends a listening source. */
async function listening(
  body: (url: string, sink: Collector, source: HttpSource) => Promise<void>,
): Promise<Collector> {
  const source = new HttpSource({ host: '127.0.0.1', port: 0, path: PATH });
  const { url } = await source.start();
  return collecting(source, (sink) => body(url, sink, source));
}

/** A connection for bytes that the test writes itself. */
async function raw(url: string): Promise<{ socket: Socket; heard: () => string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let heard = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    heard += chunk;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, heard: () => heard };
}

const head = (length: number, more = '') =>
  `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;

const keys = (sink: Collector) => sink.rows.map(({ key }) => key);

test('one event a request, on a connection that is kept, in order', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sink = await listening(async (url) => {
    for (let id = 1; id <= 50; id++) {
      const type = id % 2 === 0 ? 'application/json' : 'application/cloudevents+json';
      const headers = { 'content-type': type };
      assert.equal((await post(url, event(id), { agent, headers })).status, 204);
    }
    assert.equal(Object.values(agent.freeSockets).flat().length, 1);
  });
  agent.destroy();
  assert.deepEqual(
    sink.received,
    Array.from({ length: 50 }, (_, i) => `delete exames ${i + 1}`),
  );
  assert.deepEqual(
    sink.rows.map(({ position }) => position),
    keys(sink),
  );
  assert.equal(sink.idles, 50);
  const [first] = sink.rows;
  assert.ok(Math.abs((first?.receivedAt ?? 0) / 1000 - Date.now()) < 60_000);
});

test('an array, lines, and one event over many lines', async () => {
  const sink = await listening(async (url) => {
    assert.equal((await post(url, `[${event(1)}, ${event(2)}]`)).status, 204);
    assert.equal((await post(url, `${event(3)}\n${event(4)}\r\n\n${event(5)}`)).status, 204);
    assert.equal((await post(url, `${event(6)}\n`)).status, 204);
    const spread = JSON.stringify(JSON.parse(event(7)), null, 2);
    assert.ok(spread.includes('\n'));
    assert.equal((await post(url, spread)).status, 204);
    assert.equal((await post(url, `[\n${event(8)},\n${event(9)}\n]`)).status, 204);
    const both = [10, 11].map((id) => JSON.stringify(JSON.parse(event(id)), null, 2));
    assert.equal((await post(url, both.join('\n'))).status, 204);
  });
  assert.deepEqual(sink.problems, []);
  assert.deepEqual(keys(sink), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test('a body in another encoding is refused, and the answer says what it is', async () => {
  const sink = await listening(async (url) => {
    const wide = await post(url, Buffer.from(event(1), 'utf16le'));
    assert.equal(wide.status, 400);
    assert.match(wide.text, /UTF-16LE.*iconv/);
    const packed = await post(url, gzipSync(event(2)), { headers: { 'content-encoding': 'gzip' } });
    assert.equal(packed.status, 415);
    assert.match(packed.text, /content-encoding/);
    const chunked = await post(url, gzipSync(event(3)));
    assert.equal(chunked.status, 400);
    assert.match(chunked.text, /gunzip/);
  });
  assert.deepEqual(keys(sink), []);
  assert.equal(sink.problems.length, 2);
});

test('what Java writes: an upgrade that is not taken, a body in chunks, a head and a body apart', async () => {
  const sink = await listening(async (url) => {
    const { socket, heard } = await raw(url);
    const upgrade =
      'Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAA\r\nUpgrade: h2c\r\n';
    const body = event(1);
    socket.write(head(body.length, upgrade));
    socket.write(body);
    await waitFor(() => heard().includes('204 No Content'), { what: 'the answer' });
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`,
    );
    await waitFor(() => heard().includes('100 Continue'), { what: '100' });
    const second = event(2);
    for (const part of [second.slice(0, 9), second.slice(9)]) {
      socket.write(`${part.length.toString(16)}\r\n${part}\r\n`);
    }
    socket.write('0\r\n\r\n');
    await waitFor(() => heard().split('204 No Content').length === 3, { what: 'the answer' });
    socket.destroy();
  });
  assert.deepEqual(keys(sink), [1, 2]);
});

test('no request is answered before the sink took it', async () => {
  await listening(async (url, sink) => {
    sink.shut();
    let answered = 0;
    const posts = [1, 2].map(async (id) => {
      const { status } = await post(url, event(id));
      answered++;
      return status;
    });
    await waitFor(() => sink.rows.length > 0 && sink.asked > 0, { what: 'the event' });
    // An answer that came too early would be there before that of a request that needs no sink.
    await post(url, '', { method: 'GET', path: '/' });
    assert.equal(answered, 0);
    assert.equal(sink.rows.length, 1, 'the next one is not begun before the first was taken');
    sink.open();
    assert.deepEqual(await Promise.all(posts), [204, 204]);
    assert.equal(sink.rows.length, 2);
  });
});

test('a slow body delays no other request, and one that is given up gives nothing', async () => {
  const sink = await listening(async (url, s) => {
    const slow = await raw(url);
    const body = event(1);
    slow.socket.write(head(body.length) + body.slice(0, 20));
    const lost = await raw(url);
    lost.socket.write(head(body.length) + body.slice(0, 30));
    assert.equal((await post(url, event(2))).status, 204);
    const idles = s.idles;
    assert.equal(idles, 0, 'it is not idle while requests come');
    lost.socket.destroy();
    slow.socket.write(body.slice(20));
    await waitFor(() => slow.heard().includes('204'), { what: 'the answer' });
    assert.equal((await post(url, event(3))).status, 204);
    await waitFor(() => s.idles > 0, { what: 'idle' });
    slow.socket.destroy();
  });
  assert.deepEqual(sink.received, ['delete exames 2', 'delete exames 1', 'delete exames 3']);
});

test('many at once on one connection are taken in their order', async () => {
  const sink = await listening(async (url) => {
    const { socket, heard } = await raw(url);
    const ids = Array.from({ length: 30 }, (_, i) => i + 1);
    socket.write(ids.map((id) => head(event(id).length) + event(id)).join(''));
    await waitFor(() => heard().split('204 No Content').length === 31, { what: '30 answers' });
    socket.destroy();
  });
  assert.deepEqual(
    keys(sink),
    Array.from({ length: 30 }, (_, i) => i + 1),
  );
});

test('a body that is not an event is refused with the reason, and the next one is taken', async () => {
  const sink = await listening(async (url) => {
    for (const body of ['{"op":', 'hello', '', ' \n', '[1', Buffer.from([0x7b, 0xff, 0x7d])]) {
      const { status, text } = await post(url, body);
      assert.equal(status, 400, String(body));
      assert.ok(text.trim().length > 5, 'no reason');
    }
    assert.equal((await post(url, event(1))).status, 204);
  });
  assert.equal(sink.problems.length, 6);
  assert.deepEqual(keys(sink), [1]);
  assert.deepEqual(
    sink.problems.map(({ position }) => position),
    [1, 2, 3, 4, 5, 6],
  );
});

test('other paths, methods, encodings and sizes have their own answers', async () => {
  const sink = await listening(async (url) => {
    assert.equal((await post(url, event(1), { path: '/other' })).status, 404);
    assert.equal((await post(url, event(1), { path: '/' })).status, 404);
    assert.equal((await post(url, event(1), { method: 'PUT' })).status, 405);
    assert.equal((await post(url, '', { method: 'GET' })).status, 405);
    const gzip = { headers: { 'content-encoding': 'gzip' } };
    assert.equal((await post(url, event(1), gzip)).status, 415);
    assert.equal((await post(url, event(1), { path: `${PATH}?a=b` })).status, 204);
    const state = await post(url, '', { method: 'GET', path: '/' });
    assert.deepEqual([state.status, state.text], [200, 'oltp-simulator: 1 requests taken in\n']);
    assert.equal((await post(url, '', { method: 'HEAD', path: '/' })).status, 200);
  });
  assert.deepEqual(keys(sink), [1]);
  assert.deepEqual(sink.problems, []);
});

test('a body that is too large is refused, with a content-length or without', async () => {
  const most = 16 << 20;
  const sink = await listening(async (url) => {
    const sized = await raw(url);
    sized.socket.write(head(most + 1));
    await waitFor(() => sized.heard().includes('413'), { what: 'the answer' });
    await waitFor(() => sized.socket.closed, { what: 'the end' });
    const chunked = await raw(url);
    chunked.socket.write(`POST ${PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const chunk = `100000\r\n${' '.repeat(1 << 20)}\r\n`;
    for (let i = 0; i < 17 && !chunked.socket.destroyed; i++) chunked.socket.write(chunk);
    await waitFor(() => chunked.heard().includes('413') || chunked.socket.closed, {
      what: 'the end',
    });
    chunked.socket.destroy();
    // The largest one that may be.
    const body = event(1) + ' '.repeat(most - event(1).length);
    assert.equal((await post(url, body)).status, 204);
  });
  assert.equal(sink.problems.length, 2);
  assert.deepEqual(keys(sink), [1]);
});

test('stop lets requests end, and closes connections that are kept', async () => {
  const agent = new Agent({ keepAlive: true });
  const source = new HttpSource({ host: '127.0.0.1', port: 0, path: PATH });
  const { url } = await source.start();
  const sink = new Collector();
  const running = source.run(sink, anyScope);
  assert.equal((await post(url, event(1), { agent })).status, 204);
  const slow = await raw(url);
  const body = event(2);
  slow.socket.write(head(body.length) + body.slice(0, 10));
  sink.shut();
  const late = post(url, event(3), { agent });
  await waitFor(() => sink.rows.length === 2, { what: 'the event' });
  source.stop();
  source.stop();
  slow.socket.write(body.slice(10));
  sink.open();
  const { status, connection } = await late;
  assert.deepEqual([status, connection], [204, 'close']);
  await running;
  assert.deepEqual(keys(sink), [1, 3, 2]);
  await waitFor(() => slow.heard().includes('204 No Content'), { what: 'the answer' });
  await assert.rejects(post(url, event(4), { agent }), /ECONNREFUSED|ECONNRESET|socket hang up/);
  agent.destroy();
  slow.socket.destroy();
});

test('a sink that throws ends the source with its error', async () => {
  const source = new HttpSource({ host: '127.0.0.1', port: 0, path: PATH });
  const { url } = await source.start();
  const sink = new Collector();
  sink.ready = () => Promise.reject(new Error('broken'));
  const running = assert.rejects(source.run(sink, anyScope), /broken/);
  assert.equal((await post(url, event(1))).status, 500);
  await running;
});

test('requests wait until the source runs', async () => {
  const source = new HttpSource({ host: '127.0.0.1', port: 0, path: PATH });
  const { url } = await source.start();
  const early = post(url, event(1));
  const state = await post(url, '', { method: 'GET', path: '/' });
  assert.equal(state.text, 'oltp-simulator: 0 requests taken in\n');
  const sink = await collecting(source, async () => {
    assert.equal((await early).status, 204);
  });
  assert.deepEqual(keys(sink), [1]);
  // One that is closed without ever having been read.
  const unread = new HttpSource({ host: '127.0.0.1', port: 0, path: PATH });
  const there = await unread.start();
  const waiting = assert.rejects(post(there.url, event(1)));
  await waitFor(
    async () => (await post(there.url, '', { method: 'GET', path: '/' })).status === 200,
  );
  await unread.close();
  await waiting;
});

test('a port that is in use, or an address of another machine, is refused', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  try {
    const refused = (words: RegExp) => (error: unknown) =>
      error instanceof OperatorError && error.exitCode === EXIT.usage && words.test(error.message);
    const taken = new HttpSource({ host: '127.0.0.1', port, path: PATH });
    await assert.rejects(
      taken.run(new Collector(), anyScope),
      refused(/another program uses port/),
    );
    const foreign = new HttpSource({ host: '192.0.2.1', port: 0, path: PATH });
    await assert.rejects(foreign.run(new Collector(), anyScope), refused(/EADDRNOTAVAIL/));
  } finally {
    other.close();
  }
});
