import { incarnationOf } from './store.js';

/** Keeps the places that each incarnation has in the list and fills them in serial order, should its clock have gone back. */
export function inSerialOrder<T>(commits: readonly T[], idOf: (commit: T) => string): T[] {
  const groups = new Map<string, T[]>();
  for (const commit of commits) {
    const incarnation = incarnationOf(idOf(commit));
    groups.set(incarnation, [...(groups.get(incarnation) ?? []), commit]);
  }
  for (const group of groups.values()) group.sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  return commits.flatMap((commit) => groups.get(incarnationOf(idOf(commit)))?.shift() ?? []);
}
