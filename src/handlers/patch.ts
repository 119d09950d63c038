import { applyPatch, type Operation } from 'rfc6902';
import { Refusal, textOf } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { resolveQueries } from './json-patch-query.js';

/** The patch kinds, by media type without parameters. Plain `application/json` is a merge patch (TMF630 part 1, PATCH). */
export const PATCH_TYPES = [
  'application/merge-patch+json',
  'application/json',
  'application/json-patch+json',
  'application/json-patch-query+json',
] as const;

/**
 * The resource as the patch makes it; the resource given is left as it is.
 * @throws Refusal 415 for another media type, 409 when a JSON Patch `test` fails, 400 for a patch that cannot be applied.
 */
export function applyPatchOf(mediaType: string, resource: JsonObject, patch: Json): JsonObject {
  switch (mediaType) {
    case 'application/merge-patch+json':
    case 'application/json':
      return asResource(mergePatch(resource, patch));
    case 'application/json-patch+json':
      return applyOperations(resource, operationsOf(patch));
    case 'application/json-patch-query+json':
      return operationsOf(patch).reduce(
        (patched, operation, index) => applyOperations(patched, resolveQueries(patched, operation, index)),
        resource,
      );
    default:
      throw new Refusal(415, `Patch with one of ${PATCH_TYPES.join(', ')}`, [{ at: 'Content-Type', problem: `${mediaType} is no patch` }]);
  }
}

/** RFC 7396. Written here because npm's json-merge-patch assigns `__proto__` and so loses an attribute of that name. */
function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name) ?? null, value));
  }
  return Object.fromEntries(merged);
}

/** RFC 6902, all or nothing. */
function applyOperations(resource: JsonObject, operations: readonly Operation[]): JsonObject {
  const patched = { root: structuredClone(resource) as Json };
  operations.forEach((operation, index) => {
    let failure: Error | null;
    try {
      // A wrapping object makes the whole resource addressable by the empty pointer.
      failure = applyPatch(patched, [rooted(operation)])[0] ?? null;
    } catch (error) {
      failure = new Error(textOf(error));
    }
    if (failure) {
      const status = failure.name === 'TestError' ? 409 : 400;
      throw new Refusal(status, `JSON Patch operation ${index} (${operation.op}) failed`, [{ at: operation.path || '/', problem: failure.message.replace('/root', '') }]);
    }
  });
  return asResource(patched.root);
}

function rooted(operation: Operation): Operation {
  const path = `/root${pointer(operation.path)}`;
  return 'from' in operation ? { ...operation, path, from: `/root${pointer(operation.from)}` } : { ...operation, path };
}

function pointer(path: string): string {
  if (path !== '' && !path.startsWith('/')) throw new Error('is no JSON pointer (RFC 6901): it must begin with /');
  return path;
}

function asResource(value: Json): JsonObject {
  if (!isObject(value)) throw new Refusal(400, 'The patch leaves no resource', [{ at: '/', problem: 'must be a JSON object after the patch' }]);
  return value;
}

const OPERATIONS = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

function operationsOf(patch: Json): Operation[] {
  if (!Array.isArray(patch)) throw new Refusal(400, 'A JSON Patch is an array of operations', [{ at: '/', problem: 'must be an array' }]);
  return patch.map((operation, index) => {
    const fault = faultOf(operation);
    if (fault) throw new Refusal(400, 'Not a JSON Patch', [{ at: `/${index}${fault.at}`, problem: fault.problem }]);
    return operation as unknown as Operation;
  });
}

function faultOf(operation: Json): { at: string; problem: string } | undefined {
  if (!isObject(operation)) return { at: '', problem: 'must be an object' };
  const { op, path, from, value } = operation;
  if (typeof op !== 'string' || !OPERATIONS.has(op)) return { at: '/op', problem: `must be one of ${[...OPERATIONS].join(', ')}` };
  if (typeof path !== 'string') return { at: '/path', problem: 'must be text' };
  if (isUnsafe(path)) return { at: '/path', problem: 'names an attribute that JSON Patch cannot address here; use a merge patch' };
  if (op === 'move' || op === 'copy') {
    if (typeof from !== 'string') return { at: '/from', problem: 'must be text' };
    if (isUnsafe(from)) return { at: '/from', problem: 'names an attribute that JSON Patch cannot address here; use a merge patch' };
    if (op === 'move' && path.startsWith(`${from}/`)) return { at: '/path', problem: 'a value cannot be moved into itself' };
  }
  if (op === 'add' || op === 'replace' || op === 'test') {
    if (value === undefined) return { at: '/value', problem: 'is mandatory' };
    if (holdsProto(value)) return { at: '/value', problem: 'holds an attribute __proto__; use a merge patch' };
  }
  return undefined;
}

/** Names that every object inherits: the patch library would find those of the prototype. */
function isUnsafe(path: string): boolean {
  return path.split(/[/.[\]'"]/).some((name) => name !== '' && name in Object.prototype);
}

/** The patch library copies values by assignment, which loses this one name. */
function holdsProto(value: Json): boolean {
  if (Array.isArray(value)) return value.some(holdsProto);
  if (!isObject(value)) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(holdsProto);
}
