import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Cores as `taskset` (util-linux) names them: `0-2`. */
export interface Cores {
  /** All but the last one. */
  readonly most: string;
  readonly last: string;
  readonly all: string;
}

/** Undefined where there is one core, or no `taskset` that may assign them. */
export function coresOf(): Cores | undefined {
  const count = availableParallelism();
  if (count < 2) return undefined;
  const cores = { most: count === 2 ? '0' : `0-${count - 2}`, last: String(count - 1), all: `0-${count - 1}` };
  try {
    useCores(process.pid, cores.all);
  } catch {
    return undefined;
  }
  return cores;
}

/** Has a process with all its threads, and what it starts from now on, run on these cores alone. */
export function useCores(pid: number, cores: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' });
}

/** This process and everything that it started. */
export function ownProcesses(): number[] {
  const parents = new Map(readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name): [number, number][] => {
    const parent = parentOf(Number(name));
    return parent === undefined ? [] : [[Number(name), parent]];
  }));
  const own = new Set([process.pid]);
  for (let before = 0; before !== own.size; ) {
    before = own.size;
    for (const [pid, parent] of parents) if (own.has(parent)) own.add(pid);
  }
  return [...own];
}

/** Undefined when it has ended meanwhile. */
function parentOf(pid: number): number | undefined {
  try {
    // The name in brackets may hold spaces; the parent is the second field after it.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    return undefined;
  }
}
