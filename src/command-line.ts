import { parseArgs, type ParseArgsConfig } from 'node:util';
import { textOf } from './errors.js';

/** The command line is wrong; the message names the argument. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command line that was read. */
export interface Words {
  /** Options with a value. */
  readonly texts: Readonly<Record<string, string>>;
  /** What stands alone. */
  readonly ids: readonly string[];
  /** Options without a value. */
  readonly flags: ReadonlySet<string>;
}

/** @throws UsageError for an option that is not named here, or given twice. */
export function read(args: readonly string[], names: readonly string[], flagNames: readonly string[] = []): Words {
  const known: NonNullable<ParseArgsConfig['options']> = {
    ...Object.fromEntries(names.map((name) => [name, { type: 'string', multiple: true }])),
    ...Object.fromEntries(flagNames.map((name) => [name, { type: 'boolean' }])),
  };
  const { values, positionals } = parsed(args, known);
  const texts: Record<string, string> = {};
  const flags = new Set<string>();
  for (const [name, value] of Object.entries(values)) {
    if (value === true) flags.add(name);
    if (!Array.isArray(value)) continue;
    if (value.length > 1) throw new UsageError(`--${name} must be given once`);
    texts[name] = String(value[0]);
  }
  return { texts, ids: positionals, flags };
}

/** @throws UsageError when anything stands alone. */
export function withoutIds(words: Words): Words {
  if (words.ids[0] !== undefined) throw new UsageError(`unknown argument ${words.ids[0]}`);
  return words;
}

function parsed(args: readonly string[], known: NonNullable<ParseArgsConfig['options']>): Pick<ReturnType<typeof parseArgs>, 'values' | 'positionals'> {
  try {
    return parseArgs({ args: [...args], options: known, allowPositionals: true });
  } catch (error) {
    throw new UsageError(textOf(error));
  }
}
