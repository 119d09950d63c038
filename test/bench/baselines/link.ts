/** A broker as a hand-written consumer uses it: the plain driver, no port, no recovery. */
export interface Link {
  /** Hands over commands, at most `prefetch` unacknowledged on each lane. */
  consume(prefetch: number, onCommand: (command: PlainCommand) => void): Promise<void>;
  /** Resolves when the broker holds the event. */
  publish(key: string, id: string, content: string): Promise<void>;
}

export interface PlainCommand {
  /** CloudEvents attributes of the binary mode: `id`, `type`, `subject`, … */
  readonly attributes: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  acknowledge(): void;
}
