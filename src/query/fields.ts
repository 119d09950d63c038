import { isObject, type Json, type JsonObject } from '../json.js';

/** A choice of attributes, as a tree by name; `whole` where a name was chosen without anything below it. */
export type Fields = ReadonlyMap<string, Fields | 'whole'>;

const ALWAYS = ['id', 'href'];

/**
 * The choice that `fields=` makes (TMF630 part 1, attribute selection): names separated by commas, dotted to go down,
 * `none` for nothing but what is always there. Undefined when nothing is chosen, which means everything.
 */
export function fieldsOf(names: readonly string[], always: readonly string[] = ALWAYS): Fields | undefined {
  const chosen = names.map((name) => name.trim()).filter((name) => name !== '');
  if (chosen.length === 0) return undefined;
  const root: FieldTree = new Map();
  for (const name of [...always, ...chosen.filter((name) => name !== 'none')]) add(root, name.split('.'));
  return root;
}

/** The resource with only the chosen attributes; names that it does not have are ignored, arrays are passed through. */
export function selectFields(resource: JsonObject, fields: Fields | undefined): JsonObject {
  return fields === undefined ? resource : selectFromObject(resource, fields);
}

type FieldTree = Map<string, FieldTree | 'whole'>;

function add(tree: FieldTree, path: readonly string[]): void {
  const [name = '', ...below] = path;
  const present = tree.get(name);
  if (present === 'whole') return;
  if (below.length === 0) {
    tree.set(name, 'whole');
    return;
  }
  const subtree = present ?? new Map<string, FieldTree | 'whole'>();
  tree.set(name, subtree);
  add(subtree, below);
}

function select(value: Json, fields: Fields): Json | undefined {
  if (Array.isArray(value)) {
    const items = value.map((item) => select(item, fields)).filter((item) => item !== undefined);
    return items.length > 0 ? items : undefined;
  }
  if (!isObject(value)) return undefined;
  const chosen = selectFromObject(value, fields);
  return Object.keys(chosen).length > 0 ? chosen : undefined;
}

function selectFromObject(value: JsonObject, fields: Fields): JsonObject {
  const chosen: [string, Json][] = [];
  for (const [name, content] of Object.entries(value)) {
    const below = fields.get(name);
    if (below === undefined) continue;
    const selected = below === 'whole' ? content : select(content, below);
    if (selected !== undefined) chosen.push([name, selected]);
  }
  // fromEntries keeps an attribute called __proto__; assignment would not.
  return Object.fromEntries(chosen);
}
