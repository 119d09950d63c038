import type { ResourceDefinition } from './definition.js';

/** Says which of the attributes that these paths begin with the specification does not have: a sender's own, or mistakes. None when it has all. */
export function undeclared({ name, declared, answerDefaults }: ResourceDefinition, paths: readonly (readonly string[])[]): string[] {
  const names = new Set(paths.flatMap(([first = '']) => (declared.has(first) || Object.hasOwn(answerDefaults, first) ? [] : [first])));
  return names.size === 0 ? [] : [`the specification of ${name} has no ${[...names].join(', ')}`];
}
