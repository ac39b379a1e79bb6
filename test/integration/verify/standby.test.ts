import assert from 'node:assert/strict';
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { runCli } from '../../helpers/cli.js';
import { startServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';

const server = await startServer(18);

test('a slot of a standby is refused before it is read, and its rows are not compared', async () => {
  await withTempFolder(async (cwd) => {
    // Its own database: a lent one could not be dropped while a standby uses it.
    const name = 'kept';
    await server.query(`CREATE DATABASE ${name} TEMPLATE template0`);
    const env = { ...envOf(server.target(name)), APP_LANG: 'en' };
    const run = async (...args: string[]) => runCli(args, { cwd, env });
    for (const args of [['init-db'], ['stream', '--max-events', '50', '--rate', 'max']]) {
      const { code, stderr } = await run(...args);
      assert.equal(code, 0, stderr);
    }
    await server.stop();
    const { dir, account } = server.cluster;
    const signal = join(dir, 'standby.signal');
    writeFileSync(signal, '');
    if (account !== null) chownSync(signal, account.uid, account.gid);
    await server.start();
    const slot = await run('verify', '--source', 'slot:any');
    assert.equal(slot.code, 4, slot.stderr);
    assert.match(slot.stderr, /is read-only \(a standby.*PG_HOST/);
    writeFileSync(join(cwd, 'empty.ndjson'), '');
    const file = await run('verify', '--source', 'ndjson:empty.ndjson', '--wait', '0');
    assert.equal(file.code, 8, file.stderr);
    assert.match(file.stderr, /not compared: .*a standby/);
    assert.equal((await run('counts')).code, 0);
  });
});
