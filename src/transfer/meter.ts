import type { WriteStream } from 'node:tty';
import type { Totals } from './checkpoint.js';

/** What there is to say about a run while it goes on. */
export interface Reading {
  readonly totals: Totals;
  readonly bytes: number;
  /** Absent where the end is not known. */
  readonly ofBytes?: number;
  /** Why it does not go on. */
  readonly waiting?: string;
}

const BAR = 24;
const TERMINAL_MS = 200;
const PLAIN_MS = 1_000;
const CLEAR_LINE = '\r\x1b[K';

/** `[######----] 25 %  1,200 lines  400/s  created 1,190  already there 0  refused 10` */
export function readingText({ totals, bytes, ofBytes, waiting }: Reading, perSecond: number): string {
  const { created, alreadyThere, refused } = totals;
  const parts = [`${count(created + alreadyThere + refused)} lines`, `${count(perSecond)}/s`, `created ${count(created)}`, `already there ${count(alreadyThere)}`, `refused ${count(refused)}`];
  if (waiting !== undefined) parts.push(`waiting: ${waiting}`);
  if (ofBytes === undefined) return parts.join('  ');
  const share = ofBytes === 0 ? 1 : Math.min(1, bytes / ofBytes);
  const filled = Math.floor(share * BAR);
  return [`[${'#'.repeat(filled)}${'-'.repeat(BAR - filled)}] ${Math.floor(share * 100)} %`, ...parts].join('  ');
}

/** Where it is shown, such as the standard error. */
export type Screen = Pick<WriteStream, 'write'> & { readonly isTTY?: boolean };

/** Shows how far a run is: on a terminal one line that changes, else a line each second. */
export class Meter {
  private readonly isTerminal: boolean;
  private readonly timer: NodeJS.Timeout;
  private last: { readonly at: number; readonly lines: number };

  constructor(
    private readonly screen: Screen,
    private readonly reading: () => Reading,
  ) {
    this.isTerminal = screen.isTTY === true;
    this.last = { at: performance.now(), lines: this.lines() };
    this.timer = setInterval(() => this.show(), this.isTerminal ? TERMINAL_MS : PLAIN_MS);
  }

  /** Makes room for another line on the terminal. */
  clear(): void {
    if (this.isTerminal) this.screen.write(CLEAR_LINE);
  }

  stop(): void {
    clearInterval(this.timer);
    this.show();
    if (this.isTerminal) this.screen.write('\n');
  }

  private show(): void {
    const now = performance.now();
    const lines = this.lines();
    const perSecond = Math.round(((lines - this.last.lines) * 1_000) / Math.max(1, now - this.last.at));
    // A rate over the last second or more does not flicker.
    if (now - this.last.at >= PLAIN_MS) this.last = { at: now, lines };
    const text = readingText(this.reading(), perSecond);
    this.screen.write(this.isTerminal ? `${CLEAR_LINE}${text}` : `${text}\n`);
  }

  private lines(): number {
    const { created, alreadyThere, refused } = this.reading().totals;
    return created + alreadyThere + refused;
  }
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
