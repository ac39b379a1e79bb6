/** Events that an operator is informed of while the embedded server starts and stops. */
export type EmbeddedEvent =
  /** The server's account cannot reach the default folder: another one is used. */
  | { readonly kind: 'moved'; readonly from: string; readonly to: string; readonly user: string }
  | { readonly kind: 'copying'; readonly to: string }
  /** Another command is starting or stopping the server. */
  | { readonly kind: 'waiting'; readonly dir: string }
  | { readonly kind: 'creating'; readonly dir: string }
  | { readonly kind: 'port-taken'; readonly wanted: number; readonly port: number }
  | { readonly kind: 'started'; readonly dir: string; readonly port: number; readonly log: string }
  /** The server was running already. */
  | { readonly kind: 'joined'; readonly dir: string; readonly port: number }
  /** The server keeps running for other commands. */
  | { readonly kind: 'left'; readonly dir: string }
  | { readonly kind: 'stopped'; readonly dir: string };

export type EmbeddedReport = (event: EmbeddedEvent) => void;
