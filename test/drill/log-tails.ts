import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LINES = 40;
const LOGS = 6;
const CHARACTERS = 400;

/** The last lines of the youngest logs, keyed by file. */
export function logTails(folder: string): Record<string, string[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.log'));
  const generation = (file: string): string => file.slice(file.lastIndexOf('-'));
  const youngest = files.sort((one, other) => (generation(one) < generation(other) ? -1 : 1)).slice(-LOGS);
  return Object.fromEntries(youngest.map((file) => [file, tail(join(folder, file))]));
}

function tail(file: string): string[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LINES).map((line) => line.slice(0, CHARACTERS));
}
