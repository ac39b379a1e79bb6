/** What the operator is told while the embedded server comes and goes. */
export type EmbeddedEvent =
  /** The server's account cannot reach the usual folder: another one is used. */
  | { readonly kind: 'moved'; readonly from: string; readonly to: string; readonly user: string }
  | { readonly kind: 'copying'; readonly to: string }
  /** Another command is starting or stopping it just now. */
  | { readonly kind: 'waiting'; readonly dir: string }
  | { readonly kind: 'creating'; readonly dir: string }
  | { readonly kind: 'port-taken'; readonly wanted: number; readonly port: number }
  | { readonly kind: 'started'; readonly dir: string; readonly port: number; readonly log: string }
  /** It was up already. */
  | { readonly kind: 'joined'; readonly dir: string; readonly port: number }
  /** It stays up for the other commands that use it. */
  | { readonly kind: 'left'; readonly dir: string }
  | { readonly kind: 'stopped'; readonly dir: string };

export type EmbeddedReport = (event: EmbeddedEvent) => void;
