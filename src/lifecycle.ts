import type { Logger } from 'pino';

interface Part {
  readonly name: string;
  readonly close: () => Promise<void>;
}

/** Ordered shutdown that happens once: what was added last is closed first. */
export class Lifecycle {
  private readonly parts: Part[] = [];
  private closing: Promise<void> | undefined;

  constructor(private readonly log: Logger) {}

  add(name: string, close: () => Promise<void>): void {
    this.parts.unshift({ name, close });
  }

  /** Closes every part in turn; a part that fails does not keep the others from closing. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    for (const { name, close } of this.parts) {
      try {
        await close();
        this.log.debug({ part: name }, 'closed');
      } catch (error) {
        this.log.error({ part: name, err: error }, 'did not close cleanly');
      }
    }
  }
}
