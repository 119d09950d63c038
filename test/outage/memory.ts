import { readFileSync } from 'node:fs';

const SAMPLE_MS = 200;
const KIB = 1024;

/** Watches how much memory another process of this machine has resident (Linux). */
export class MemoryWatch {
  private readonly timer: NodeJS.Timeout;
  private highest = 0;

  constructor(private readonly pid: number) {
    this.timer = setInterval(() => this.sample(), SAMPLE_MS);
  }

  /** The most that was seen since the last call, in MB. */
  since(): number {
    this.sample();
    const seen = this.highest;
    this.highest = 0;
    return megabytes(seen);
  }

  /** The most that the process ever had, in MB, as the kernel counts it. */
  peak(): number {
    return megabytes(field(this.pid, 'VmHWM'));
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private sample(): void {
    this.highest = Math.max(this.highest, field(this.pid, 'VmRSS'));
  }
}

/** In KiB. */
function field(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}

function megabytes(kib: number): number {
  return Math.round((kib * KIB) / 1e6);
}
