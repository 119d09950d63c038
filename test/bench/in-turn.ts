/** Whoever is first may find the machine in another state: from round to round they are measured forwards and backwards. */
export function inTurn<T>(all: Iterable<T>, round: number): readonly T[] {
  return round % 2 === 0 ? [...all] : [...all].toReversed();
}
