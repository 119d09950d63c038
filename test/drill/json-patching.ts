export type JsonObject = Record<string, unknown>;

/** A patch that cannot be applied, with the HTTP status it deserves. */
export class PatchFailure extends Error {
  constructor(readonly status: 400 | 409) {
    super(`patch fails with ${status}`);
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Equal as JSON: the order of attributes does not matter, an undefined one is absent. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((item, i) => sameJson(item, other[i]));
  if (isObject(one) && isObject(other)) return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((name) => sameJson(one[name], other[name]));
  return one === other;
}

/** RFC 7396. */
export function mergePatched(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else if (isObject(value)) merged[name] = mergePatched(isObject(merged[name]) ? merged[name] : {}, value);
    else merged[name] = value;
  }
  return merged;
}

/** RFC 6902, of it what the load uses: add, replace, remove and test below the root. @throws PatchFailure */
export function jsonPatched(target: JsonObject, operations: unknown): JsonObject {
  if (!Array.isArray(operations)) throw new PatchFailure(400);
  const document = structuredClone(target);
  for (const operation of operations) applyOne(document, operation);
  return document;
}

function applyOne(document: JsonObject, operation: unknown): void {
  if (!isObject(operation) || typeof operation['path'] !== 'string') throw new PatchFailure(400);
  const { op, path, value } = operation;
  const tokens = operation['path'].split('/').slice(1).map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = tokens.pop();
  if (last === undefined) throw new Error(`the model knows no operation on ${String(path)}`);
  const parent = tokens.reduce<unknown>((node, token) => (isObject(node) ? node[token] : Array.isArray(node) ? (node[Number(token)] as unknown) : undefined), document);
  if (Array.isArray(parent)) applyToArray(parent, op, last, value);
  else if (isObject(parent)) applyToObject(parent, op, last, value);
  else throw new PatchFailure(400);
}

function applyToArray(list: unknown[], op: unknown, token: string, value: unknown): void {
  const index = token === '-' ? list.length : Number(token);
  const exists = index < list.length;
  if (op === 'add' && index <= list.length) list.splice(index, 0, value);
  else if (op === 'replace' && exists) list[index] = value;
  else if (op === 'remove' && exists) list.splice(index, 1);
  else if (op === 'test') mustEqual(list[index], value);
  else throw new PatchFailure(400);
}

function applyToObject(object: JsonObject, op: unknown, name: string, value: unknown): void {
  const exists = Object.hasOwn(object, name);
  if (op === 'add' || (op === 'replace' && exists)) object[name] = value;
  else if (op === 'remove' && exists) delete object[name];
  else if (op === 'test') mustEqual(object[name], value);
  else throw new PatchFailure(400);
}

function mustEqual(found: unknown, expected: unknown): void {
  if (!sameJson(found, expected)) throw new PatchFailure(409);
}
