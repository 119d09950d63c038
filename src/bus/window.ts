/** Bounds how many messages of all lanes together are handed over and not acknowledged; the others wait in the order they came. */
export class Window {
  private readonly waiting: (() => boolean)[] = [];

  constructor(private free: number) {}

  /** Calls `handOver` as soon as there is room; it answers false when the message needs none after all. */
  enter(handOver: () => boolean): void {
    this.waiting.push(handOver);
    this.admit();
  }

  /** Makes room for one. */
  leave(): void {
    this.free += 1;
    this.admit();
  }

  private admit(): void {
    while (this.free > 0) {
      const handOver = this.waiting.shift();
      if (!handOver) return;
      // Taken before the call, which may acknowledge and so come back here.
      this.free -= 1;
      if (!handOver()) this.free += 1;
    }
  }
}
