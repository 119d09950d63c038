import { textOf } from './errors.js';
import type { JsonObject } from './json.js';
import { ToolError } from './tool-error.js';

/** Writes one line of output. */
export type Print = (line: JsonObject) => void;

/** Prints each outcome and the totals, also when it cannot go on. The exit code: 1 where something failed. */
export async function report<Outcome extends { readonly outcome: string }>(outcomes: AsyncIterable<Outcome>, view: (outcome: Outcome) => JsonObject, print: Print): Promise<number> {
  const totals: Record<string, number> = {};
  try {
    for await (const outcome of outcomes) {
      totals[outcome.outcome] = (totals[outcome.outcome] ?? 0) + 1;
      print(view(outcome));
    }
  } catch (error) {
    print({ totals });
    throw new ToolError(`stopped: ${textOf(error)}. What is not listed is as it was; the same command goes on with it`);
  }
  print({ totals });
  return (totals['failed'] ?? 0) > 0 ? 1 : 0;
}

/** Prints each of these as it is found. The exit code: 1 where one is not there. */
export async function showAll<Item>(ids: readonly string[], find: (id: string) => Promise<Item | undefined>, view: (item: Item) => JsonObject, missing: string, print: Print): Promise<number> {
  let exitCode = 0;
  for (const id of ids) {
    const item = await find(id);
    print(item === undefined ? { id, problem: missing } : view(item));
    if (item === undefined) exitCode = 1;
  }
  return exitCode;
}
