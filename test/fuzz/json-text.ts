/** JSON text as it stands, such as no JavaScript value can say: `1e999`, half of a surrogate pair. */
export class Raw {
  constructor(readonly text: string) {}
}

/** An object by its members in order: a name may come twice, and `__proto__` is a name like any other. */
export class Members {
  constructor(readonly entries: readonly (readonly [string, Tree])[]) {}
}

/** A JSON text before it is written. */
export type Tree = null | boolean | number | string | Raw | Tree[] | Members;

export function members(object: Readonly<Record<string, Tree>>): Members {
  return new Members(Object.entries(object));
}

export function jsonText(tree: Tree): string {
  if (tree instanceof Raw) return tree.text;
  if (tree instanceof Members) return `{${tree.entries.map(([name, value]) => `${JSON.stringify(name)}:${jsonText(value)}`).join(',')}}`;
  if (Array.isArray(tree)) return `[${tree.map(jsonText).join(',')}]`;
  return JSON.stringify(tree);
}
