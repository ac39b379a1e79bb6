/** JSON that is no event. The message says why, and holds nothing of its values. */
export class EventError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'EventError';
  }
}
