import { EMBEDDED_HOST, EMBEDDED_PASSWORD, EMBEDDED_USER } from '../../src/embedded/cluster.js';
import type { ConnectionTarget, Demands } from '../../src/postgres/target.js';

/** No demands. */
export const NO_DEMANDS: Demands = {
  options: null,
  passFile: null,
  channelBinding: false,
  authMethods: null,
  directTls: false,
  minTls: null,
  maxTls: null,
  session: null,
};

/** The administrator's way into a database of a test server. */
export function testTarget(port: number, database: string): ConnectionTarget {
  return {
    host: EMBEDDED_HOST,
    port,
    user: EMBEDDED_USER,
    password: EMBEDDED_PASSWORD,
    database,
    sslMode: 'disable',
    sslRootCert: null,
    sslCert: null,
    sslKey: null,
    searchPath: 'public',
    connectTimeoutSeconds: 10,
    applicationName: 'oltp-simulator-test',
  };
}

/** The settings of the environment that lead the program to a target. */
export function envOf(target: ConnectionTarget): Record<string, string> {
  return {
    PG_HOST: target.host,
    PG_PORT: String(target.port),
    PG_USER: target.user,
    PG_PASSWORD: target.password ?? '',
    PG_DATABASE: target.database,
    PG_SSLMODE: target.sslMode,
  };
}
