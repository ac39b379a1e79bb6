import assert from 'node:assert/strict';
import test from 'node:test';
import { EXIT } from '../../../src/errors.js';
import { monotonicMs } from '../../../src/lib/clock.js';
import { SAME_SIGNAL_MS } from '../../../src/lib/signals.js';
import {
  type KafkaSecurity,
  PLAINTEXT,
  SECURITY_SETTINGS,
} from '../../../src/sources/kafka/security.js';
import { KafkaSource } from '../../../src/sources/kafka/source.js';
import { placeRun } from '../../golden/runs.js';
import { anyScope } from '../../helpers/any-scope.js';
import { startCli } from '../../helpers/cli.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { API, FakeBroker, silentReads } from '../../helpers/fake-broker.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { waitFor } from '../../helpers/wait-for.js';

/** The promised time of a stop, in milliseconds. */
const STOP_MS = 1_000;
const ONCE_MS = 2_000;
const TWICE_MS = 200;
/** The promise is for an idle machine, and tests run at the same time. */
const BESIDE = 2;
const DEADLINE = { timeout: 60_000 };
const RECONNECT = { attempts: 100, baseMs: 60_000, maxMs: 60_000, failFast: false };
const TOPIC = 'hospital.public.consultas';

const SSL: KafkaSecurity = {
  protocol: 'SSL',
  tls: { ca: null, certificate: null, key: null },
  sasl: null,
  origins: SECURITY_SETTINGS,
};
const SASL: KafkaSecurity = {
  ...PLAINTEXT,
  protocol: 'SASL_PLAINTEXT',
  sasl: { mechanism: 'PLAIN', username: 'reader', password: 'secret' },
};

const never = () => null;
const apiVersions = silentReads(TOPIC, () => 0)[API.apiVersions]!;

interface State {
  readonly broker: () => FakeBroker;
  readonly security: KafkaSecurity;
  /** The request that is not answered; null: it is the handshake of TLS. */
  readonly last: number | null;
  /** The environment that the program needs for it. */
  readonly env: Readonly<Record<string, string>>;
}

function reading(): FakeBroker {
  const broker: FakeBroker = new FakeBroker(silentReads(TOPIC, () => broker.port));
  return broker;
}

/** The points at which a broker falls silent. */
const STATES: Readonly<Record<string, State>> = {
  'the first request': {
    broker: () => new FakeBroker({ [API.apiVersions]: never }),
    security: PLAINTEXT,
    last: API.apiVersions,
    env: {},
  },
  'the handshake of TLS': {
    broker: () => new FakeBroker({}, 'deaf'),
    security: SSL,
    last: null,
    env: { KAFKA_SECURITY_PROTOCOL: 'SSL' },
  },
  'the login': {
    broker: () => new FakeBroker({ [API.apiVersions]: apiVersions, [API.saslHandshake]: never }),
    security: SASL,
    last: API.saslHandshake,
    env: {
      KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_SASL_USERNAME: 'reader',
      KAFKA_SASL_PASSWORD: 'secret',
    },
  },
  metadata: {
    broker: () => new FakeBroker({ [API.apiVersions]: apiVersions, [API.metadata]: never }),
    security: PLAINTEXT,
    last: API.metadata,
    env: {},
  },
  'a fetch': { broker: reading, security: PLAINTEXT, last: API.fetch, env: {} },
};

/** Waits until the broker has the request that it does not answer. */
function untilStuck(broker: FakeBroker, { last }: State): Promise<unknown> {
  const isStuck = () => (last === null ? broker.connections > 0 : broker.asked.includes(last));
  return waitFor(isStuck, { what: 'the request that is not answered' });
}

async function withBroker(state: State, body: (broker: FakeBroker) => Promise<void>) {
  const broker = await state.broker().start();
  try {
    await body(broker);
  } finally {
    await broker.stop();
  }
}

for (const [name, state] of Object.entries(STATES)) {
  test(
    `a broker that is silent at ${name}: the source ends as soon as it is stopped`,
    DEADLINE,
    () =>
      withBroker(state, async (broker) => {
        const { security } = state;
        const options = { brokers: [broker.address], prefix: 'hospital', security };
        const source = new KafkaSource({ ...options, reconnect: RECONNECT });
        const starting = source.start();
        const run = source.run(new CollectingSink(), anyScope);
        await untilStuck(broker, state);
        const start = monotonicMs();
        source.stop();
        await run;
        assert.equal(await starting, state.last === API.fetch);
        assert.ok(monotonicMs() - start < STOP_MS, `${monotonicMs() - start} ms`);
      }),
  );

  for (const [times, promised] of [
    [1, ONCE_MS],
    [2, TWICE_MS],
  ] as const) {
    test(`a broker that is silent at ${name}: verify ends by ${times} Ctrl+C`, DEADLINE, () =>
      withBroker(state, (broker) =>
        withTempFolder(async (cwd) => {
          placeRun(2, 'plain', cwd);
          const source = ['--source', `kafka:${broker.address}/hospital`];
          const env = { APP_LANG: 'en', ...state.env };
          const cli = startCli(['verify', ...source], { cwd, env });
          try {
            await untilStuck(broker, state);
            let start = monotonicMs();
            cli.child.kill('SIGINT');
            if (times === 2) {
              // Two within less are one: a terminal and a parent pass the same one on.
              const isOver = () => cli.child.exitCode !== null;
              await waitFor(() => isOver() || monotonicMs() - start > SAME_SIGNAL_MS);
              start = monotonicMs();
              cli.child.kill('SIGINT');
            }
            const { code, stderr } = await cli.ended();
            const took = monotonicMs() - start;
            // The events read so far get a verdict.
            const judged = state.last === API.fetch;
            assert.equal(code, judged ? EXIT.indeterminate : EXIT.forced, stderr);
            assert.ok(took < BESIDE * promised, `${took} ms\n${stderr}`);
          } finally {
            cli.child.kill('SIGKILL');
            await cli.ended();
          }
        }),
      ),
    );
  }
}

test('a source that waits to connect again ends as soon as it is stopped', DEADLINE, async () => {
  const broker: FakeBroker = new FakeBroker({
    ...silentReads(TOPIC, () => broker.port),
    [API.fetch]: () => 'hangUp',
  });
  await broker.start();
  try {
    let waits = 0;
    const source = new KafkaSource({
      brokers: [broker.address],
      prefix: 'hospital',
      reconnect: RECONNECT,
      onReconnect: () => {
        waits++;
      },
    });
    const run = source.run(new CollectingSink(), anyScope);
    await waitFor(() => waits > 0, { what: 'the wait' });
    const start = monotonicMs();
    source.stop();
    await run;
    assert.ok(monotonicMs() - start < STOP_MS);
  } finally {
    await broker.stop();
  }
});
