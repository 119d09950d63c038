/** Numbers from 0 up to 1. */
export type Random = () => number;

/** Deals all cards in random order, then all again: nothing is left out for long. */
export class Deck<T> {
  private left: T[] = [];

  constructor(
    private readonly cards: readonly T[],
    private readonly random: Random,
  ) {}

  draw(): T {
    if (this.left.length === 0) this.left = shuffled(this.cards, this.random);
    const drawn = this.left.pop();
    if (drawn === undefined) throw new Error('nothing to draw from');
    return drawn;
  }
}

export function pick<T>(list: readonly T[], random: Random): T {
  const picked = list[Math.floor(random() * list.length)];
  if (picked === undefined) throw new Error('nothing to pick from');
  return picked;
}

export function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list.map((item) => ({ item, place: random() })).sort((one, other) => one.place - other.place).map(({ item }) => item);
}
