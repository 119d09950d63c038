import { hash } from 'node:crypto';

/** Beyond this many bits a number is not exact; 48 are enough to tell workers apart. */
const WEIGHT_DIGITS = 12;

/**
 * Which of the workers has which lane: the answer's n-th is the worker of lane n. The same for everybody who asks about the
 * same workers, in whatever order; their counts differ by at most one.
 *
 * Rendezvous hashing with bounded load: each lane goes to the worker with the highest weight that still has room. A worker
 * that joins or leaves moves about as many lanes as it has: over many names on average less than twice as many and one.
 */
export function shareLanes(workers: readonly string[], lanes: number): string[] {
  const least = Math.floor(lanes / workers.length);
  let withOneMore = lanes % workers.length;
  const counts = new Map<string, number>();
  return Array.from({ length: lanes }, (_, lane) => {
    const chosen = byWeight(workers, lane).find((worker) => {
      const count = counts.get(worker) ?? 0;
      return count < least || (count === least && withOneMore > 0);
    });
    if (chosen === undefined) throw new Error('lanes cannot be shared among no workers');
    const count = counts.get(chosen) ?? 0;
    if (count === least) withOneMore -= 1;
    counts.set(chosen, count + 1);
    return chosen;
  });
}

/** The lanes of one of the workers. */
export function lanesOf(worker: string, workers: readonly string[], lanes: number): Set<number> {
  return new Set(shareLanes(workers, lanes).flatMap((owner, lane) => (owner === worker ? [lane] : [])));
}

function byWeight(workers: readonly string[], lane: number): string[] {
  const weights = new Map(workers.map((worker) => [worker, hash('sha256', `${worker}/${lane}`, 'hex').slice(0, WEIGHT_DIGITS) + worker]));
  return [...weights].sort(([, one], [, other]) => (one < other ? 1 : -1)).map(([worker]) => worker);
}
