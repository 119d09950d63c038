import { badParameter, decode } from '../query/parameter.js';

/**
 * The parameters of a query string that has these and no others, each at most once.
 * @throws Refusal 400 that names the parameter.
 */
export function readQuery<Name extends string>(rawQuery: string, names: readonly Name[]): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  for (const part of rawQuery.split('&')) {
    if (part === '') continue;
    const end = part.includes('=') ? part.indexOf('=') : part.length;
    const given = decode('query', part.slice(0, end));
    const name = names.find((known) => known === given);
    if (name === undefined) throw badParameter(given, `is unknown; there are ${names.join(', ')}`);
    if (found[name] !== undefined) throw badParameter(name, 'must be given once');
    found[name] = decode(name, part.slice(end + 1));
  }
  return found;
}
