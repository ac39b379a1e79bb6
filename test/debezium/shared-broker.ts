import { appendFileSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { brokerCertificates, withoutOpenssl } from '../helpers/certificates.js';
import { findJava } from './java.js';
import { KafkaBroker, type Secured } from './kafka-broker.js';
import { KafkaWriter } from './kafka-writer.js';

const { java, skip } = await findJava();
/** For `skip` of a test: why there is no broker; false where there is one. */
export const noBroker: string | false = skip;
/** For `skip` of a test: why the broker has no listeners with TLS and logins; false where it has. */
export const noSecurity: string | false = skip || withoutOpenssl;

const folder = await mkdtemp(join(tmpdir(), 'oltp-simulator-test-'));
/** Whom the broker lets in, by every mechanism. */
export const USER = { name: 'reader', password: 'not-to-be-seen-0' };
export const certificates = noSecurity === false ? brokerCertificates(folder) : null;
/** One broker for all files that test with Kafka; null where there is no Java. */
export const broker =
  java === null
    ? null
    : await KafkaBroker.start({
        java,
        folder,
        ...(certificates === null ? {} : { secured: secured(certificates) }),
      });
/** Writes to the broker, in plaintext. */
export const writer = java === null ? null : new KafkaWriter(java, broker!.address);

after(async () => {
  await writer?.stop();
  await broker?.stop();
  await rm(folder, { recursive: true, force: true });
});

function secured({ here, authority }: ReturnType<typeof brokerCertificates>): Secured {
  const keystore = join(folder, 'keystore.pem');
  for (const file of [here.key, here.cert]) appendFileSync(keystore, readFileSync(file));
  return { keystore, authority: authority.cert, user: USER };
}
