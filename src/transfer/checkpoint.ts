import { hash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { isObject } from '../json.js';
import type { Place } from './lines.js';

/** How many lines came to what. */
export interface Totals {
  readonly created: number;
  readonly alreadyThere: number;
  readonly refused: number;
  /** Created or already there, with a warning. */
  readonly warned: number;
}

/** How far a run is: every line before the place is answered, and no later one counts. */
export interface Progress {
  readonly place: Place;
  readonly totals: Totals;
  /** Length of the file of refused lines. */
  readonly refusedBytes: number;
}

export const NOTHING_YET: Progress = { place: { number: 0, end: 0 }, totals: { created: 0, alreadyThere: 0, refused: 0, warned: 0 }, refusedBytes: 0 };

/** The records may be nobody else's business. */
const OWNER_ALONE = 0o600;

/** What tells one run from another: only the same file, for the same end, is gone on with. */
export function runOf(file: string, purpose: readonly string[]): string {
  const { size, mtimeMs } = statSync(file);
  return hash('sha256', JSON.stringify([size, mtimeMs, ...purpose]), 'hex');
}

/** The progress of this run as it was left; undefined when there is none, or it is another run's. */
export function savedProgress(path: string, run: string): Progress | undefined {
  try {
    const saved: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isObject(saved) && saved['run'] === run ? (saved as unknown as Progress) : undefined;
  } catch {
    // Never written, or not to its end: the run begins anew, and what it did is answered from its receipts.
    return undefined;
  }
}

/** Replaces the file in one step, so that a process that is killed leaves the old one or the new one. */
export function saveProgress(path: string, run: string, progress: Progress): void {
  writeFileSync(`${path}.new`, JSON.stringify({ run, ...progress }));
  renameSync(`${path}.new`, path);
}

export function removeProgress(path: string): void {
  rmSync(path, { force: true });
}

/** The file of refused lines. */
export interface RefusedFile {
  readonly bytes: number;
  write(line: string): void;
  /** The run is at its end: a file of an earlier run goes too, when this one refused nothing. */
  close(): void;
}

/** Nothing is touched before the first line comes. @param keep how many bytes of what is there belong to this run */
export function refusedFile(path: string, keep: number): RefusedFile {
  let bytes = keep;
  let descriptor: number | undefined;
  const opened = (): number => {
    const file = openSync(path, 'a', OWNER_ALONE);
    // Of another run, or of lines behind the place where this one goes on, which come again.
    ftruncateSync(file, keep);
    return file;
  };
  return {
    get bytes() {
      return bytes;
    },
    write: (line) => {
      descriptor ??= opened();
      const content = Buffer.from(`${line}\n`);
      for (let written = 0; written < content.byteLength; ) written += writeSync(descriptor, content, written);
      bytes += content.byteLength;
    },
    close: () => {
      if (descriptor !== undefined) closeSync(descriptor);
      else if (keep === 0) rmSync(path, { force: true });
      else closeSync(opened());
    },
  };
}

/** Whether what is kept of refused lines is as long as the progress says. */
export function hasBytes(path: string, bytes: number): boolean {
  if (bytes === 0) return true;
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= bytes;
}
