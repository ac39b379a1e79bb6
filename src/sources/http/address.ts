import { isIP } from 'node:net';
import { EXIT, OperatorError } from '../../errors.js';

/** Where requests are awaited. */
export interface HttpAddress {
  /** An IP address: a name may come to mean another one than the operator had in mind. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Where events are posted to; begins with `/`. */
  readonly path: string;
}

const LOOPBACK = '127.0.0.1';

/**
 * `http://127.0.0.1:8080/events` taken apart. Only an IP address, and `localhost`, say plainly who can
 * reach them; throws an OperatorError on everything else, and without a port.
 */
export function parseHttpAddress(text: string): HttpAddress {
  const shown = text.replace(/\/\/.*@/s, '//***@');
  const wrong = () => new OperatorError(EXIT.usage, (m) => m.source.addressWrong({ text: shown }));
  // With the scheme's own port, which a URL leaves out, nobody would know whether one was given.
  const port = /^http:\/\/(?:\[[^\]]*\]|[^:/?#@[\]]*):(\d{1,5})(?:[/?#]|$)/i.exec(text)?.[1];
  if (port === undefined || !URL.canParse(text)) throw wrong();
  const url = new URL(text);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (url.search !== '' || url.hash !== '' || Number(port) === 0) throw wrong();
  if (host !== 'localhost' && isIP(host) === 0) throw wrong();
  return { host: host === 'localhost' ? LOOPBACK : host, port: Number(port), path: url.pathname };
}

/** The address as a client writes it. */
export function urlOf({ host, port, path }: HttpAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
}
