import { isIP } from 'node:net';
import { EXIT, OperatorError } from '../../errors.js';

/** The address of the HTTP listener. */
export interface HttpAddress {
  /** An IP address: a name may resolve to another one than the operator means. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The path of posted events; begins with `/`. */
  readonly path: string;
}

const LOOPBACK = '127.0.0.1';

/**
 * Parses `http://127.0.0.1:8080/events`. Only an IP address or `localhost` shows who can reach it: throws an
 * OperatorError for other hosts, and without a port.
 */
export function parseHttpAddress(text: string): HttpAddress {
  const shown = text.replace(/\/\/.*@/s, '//***@');
  const wrong = () => new OperatorError(EXIT.usage, (m) => m.sources.addressWrong({ text: shown }));
  // By the text, since a URL drops the scheme's default port.
  const port = /^http:\/\/(?:\[[^\]]*\]|[^:/?#@[\]]*):(\d{1,5})(?:[/?#]|$)/i.exec(text)?.[1];
  if (port === undefined || !URL.canParse(text)) throw wrong();
  const url = new URL(text);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (url.search !== '' || url.hash !== '' || Number(port) === 0) throw wrong();
  if (host !== 'localhost' && isIP(host) === 0) throw wrong();
  return { host: host === 'localhost' ? LOOPBACK : host, port: Number(port), path: url.pathname };
}

/** The URL for clients. */
export function urlOf({ host, port, path }: HttpAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
}
