import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import { EXIT, OperatorError } from '../../../src/errors.js';
import { parseHttpAddress, urlOf } from '../../../src/sources/http/address.js';

test('an address is an IP or localhost, a port and a path', () => {
  const cases: [string, string, number, string][] = [
    ['http://127.0.0.1:8080', '127.0.0.1', 8080, '/'],
    ['http://localhost:1/', '127.0.0.1', 1, '/'],
    ['http://127.0.0.1:80/a/b', '127.0.0.1', 80, '/a/b'],
    ['HTTP://[::1]:65535/x', '::1', 65535, '/x'],
    ['http://0.0.0.0:9000/x', '0.0.0.0', 9000, '/x'],
    ['http://10.1.2.3:9000', '10.1.2.3', 9000, '/'],
  ];
  for (const [text, host, port, path] of cases) {
    const address = parseHttpAddress(text);
    assert.deepEqual(address, { host, port, path }, text);
    assert.deepEqual(parseHttpAddress(urlOf(address)), address);
  }
});

test('everything else is refused, and no password is repeated', () => {
  for (const text of [
    '',
    '127.0.0.1:8080',
    'https://127.0.0.1:8080',
    'http://127.0.0.1',
    'http://127.0.0.1:0',
    'http://127.0.0.1:65536',
    'http://example.com:8080',
    'http://127.0.0.1.example.com:8080',
    'http://user:secret@127.0.0.1:8080/',
    'http://127.0.0.1:8080/?a=b',
    'http://127.0.0.1:8080/#x',
    'http://:8080',
  ]) {
    assert.throws(
      () => parseHttpAddress(text),
      (error) =>
        error instanceof OperatorError &&
        error.exitCode === EXIT.usage &&
        !error.message.includes('secret'),
      text,
    );
  }
});
