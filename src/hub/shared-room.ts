/** What all deliveries of a process have in memory together, in characters; what several have of the same event counts for each. */
export class SharedRoom {
  private taken = 0;

  constructor(private readonly most: number) {}

  /** Less than nothing: given back. */
  take(characters: number): void {
    this.taken += characters;
  }

  /** Whether so much of it is taken, 1 being all. */
  isTaken(part: number): boolean {
    return this.taken >= this.most * part;
  }
}
