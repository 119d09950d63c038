/** Whoever asks for the same while it is under way gets the same. @param running what is under way, by key */
export function singleFlight<K, T>(running: Map<K, Promise<T>>, key: K, begin: () => Promise<T>): Promise<T> {
  const known = running.get(key);
  if (known) return known;
  const begun = begin().finally(() => running.delete(key));
  running.set(key, begun);
  return begun;
}
