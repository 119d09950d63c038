/** Bounds how many messages of all lanes together are handed over and not acknowledged; the others wait in the order they came. */
export class Window {
  private waiting: { readonly handOver: () => boolean; readonly isCurrent: () => boolean }[] = [];

  constructor(private free: number) {}

  /** Calls `handOver` as soon as there is room; it answers false when the message needs none after all. */
  enter(handOver: () => boolean, isCurrent: () => boolean): void {
    this.waiting.push({ handOver, isCurrent });
    this.admit();
  }

  /** Forgets those that wait and are not current any more: they come again on the lane's next channel or consumer. */
  forgetOld(): void {
    this.waiting = this.waiting.filter(({ isCurrent }) => isCurrent());
  }

  /** Makes room for one. */
  leave(): void {
    this.free += 1;
    this.admit();
  }

  private admit(): void {
    while (this.free > 0) {
      const next = this.waiting.shift();
      if (!next) return;
      // Taken before the call, which may acknowledge and so come back here.
      this.free -= 1;
      if (!next.handOver()) this.free += 1;
    }
  }
}
