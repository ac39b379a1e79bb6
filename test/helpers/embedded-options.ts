import type { EmbeddedOptions } from '../../src/embedded/server.js';

/** Apart from the program's own default, so that tests do not meet a server of the developer's. */
const FIRST_PORT = 55_432;

/** Settings of an embedded server on a folder that was named. */
export function embeddedOptions(dir: string, more: Partial<EmbeddedOptions> = {}): EmbeddedOptions {
  return {
    dir,
    port: FIRST_PORT,
    portIsExplicit: false,
    dirIsExplicit: true,
    db: {
      database: 'hospital_oltp',
      searchPath: 'public',
      connectTimeoutSeconds: 10,
      applicationName: 'oltp-simulator-test',
    },
    ...more,
  };
}
