/** What all deliveries of a process have in memory together, in characters. Whoever takes nothing may fill half of it, so that the others go on. */
export class SharedRoom {
  private taken = 0;

  constructor(private readonly most: number) {}

  /** Less than nothing: given back. */
  take(characters: number): void {
    this.taken += characters;
  }

  get isShort(): boolean {
    return this.taken >= this.most;
  }

  get isHalfTaken(): boolean {
    return this.taken >= this.most / 2;
  }
}
