import { applyPatch, type Operation } from 'rfc6902';
import { Refusal, textOf } from '../errors.js';
import { deeperThan, isObject, type Json, type JsonObject } from '../json.js';
import { locate, resolveQueries } from './json-patch-query.js';

/** The patch kinds, by media type without parameters. Plain `application/json` is a merge patch (TMF630 part 1, PATCH). */
export const PATCH_TYPES = [
  'application/merge-patch+json',
  'application/json',
  'application/json-patch+json',
  'application/json-patch-query+json',
] as const;

/** What a patch may do: a small one must not become large, since one message that exhausts the memory would stop every worker. */
const MAX_OPERATIONS = 500;
/** Characters of JSON that all operations of one patch may write together, copies counted each time. */
const MAX_WRITTEN = 4 * 1024 * 1024;

/**
 * The resource as the patch makes it; the resource given is left as it is.
 * @param maxDepth levels of arrays and objects that a resource may have
 * @throws Refusal 415 for another media type, 409 when a JSON Patch `test` fails, 413 for one that writes too much or too
 * deeply, 400 for a patch that cannot be applied.
 */
export function applyPatchOf(mediaType: string, resource: JsonObject, patch: Json, maxDepth: number): JsonObject {
  switch (mediaType) {
    case 'application/merge-patch+json':
    case 'application/json':
      return asResource(mergePatch(resource, patch), maxDepth);
    case 'application/json-patch+json':
      return applyOperations(resource, patch, maxDepth, (_, operation) => [operation]);
    case 'application/json-patch-query+json':
      return applyOperations(resource, patch, maxDepth, resolveQueries);
    default:
      throw new Refusal(415, `Patch with one of ${PATCH_TYPES.join(', ')}`, [{ at: 'Content-Type', problem: `${mediaType} is no patch` }]);
  }
}

/** RFC 7396. Written here because npm's json-merge-patch assigns `__proto__` and so loses an attribute of that name. */
function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else defineAttribute(merged, name, mergePatch(Object.hasOwn(merged, name) ? (merged[name] ?? null) : null, value));
  }
  return merged;
}

/** Assigning to `__proto__` would not make an attribute. */
function defineAttribute(object: JsonObject, name: string, value: Json): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

/** Turns one operation into plain ones on the resource as it is by then. */
type Resolve = (resource: JsonObject, operation: Operation, index: number) => Operation[];

/** RFC 6902, all or nothing: on a copy, one operation after the other. */
function applyOperations(resource: JsonObject, patch: Json, maxDepth: number, resolve: Resolve): JsonObject {
  // A wrapping object makes the whole resource addressable by the empty pointer.
  const patched = { root: structuredClone(resource) as Json };
  let left = MAX_WRITTEN;
  operationsOf(patch).forEach((asked, index) => {
    for (const operation of resolve(asObject(patched.root), asked, index)) {
      const written = writtenBy(patched.root, operation);
      left -= written === undefined ? 0 : JSON.stringify(written).length;
      const tooDeep = written !== undefined && deeperThan(written, maxDepth - operation.path.split('/').length + 1);
      if (left < 0 || tooDeep) {
        throw new Refusal(413, 'The patch would make the resource too large', [{ at: `/${index}`, problem: tooDeep ? `nests deeper than ${maxDepth} levels` : `writes more than ${MAX_WRITTEN} characters in all` }]);
      }
      applyOne(patched, operation, index);
    }
  });
  return asResource(patched.root, maxDepth);
}

/** What an operation puts somewhere. */
function writtenBy(root: Json, operation: Operation): Json | undefined {
  if (operation.op === 'copy' || operation.op === 'move') return locate(root, operation.from);
  return operation.op === 'add' || operation.op === 'replace' ? (operation.value as Json) : undefined;
}

function applyOne(patched: { root: Json }, operation: Operation, index: number): void {
  let failure: Error | null;
  try {
    failure = applyPatch(patched, [rooted(operation)])[0] ?? null;
  } catch (error) {
    failure = new Error(textOf(error));
  }
  if (!failure) return;
  // The library's text of a failed test has both values in it: they are nobody's business in a log.
  const failedTest = failure.name === 'TestError';
  const problem = failedTest ? 'has another value' : failure.message.replace('/root', '');
  throw new Refusal(failedTest ? 409 : 400, `JSON Patch operation ${index} (${operation.op}) failed`, [{ at: operation.path || '/', problem }]);
}

function rooted(operation: Operation): Operation {
  const path = `/root${pointer(operation.path)}`;
  return 'from' in operation ? { ...operation, path, from: `/root${pointer(operation.from)}` } : { ...operation, path };
}

function pointer(path: string): string {
  if (path !== '' && !path.startsWith('/')) throw new Error('is no JSON pointer (RFC 6901): it must begin with /');
  if (isUnsafe(path)) throw new Error(UNSAFE);
  return path;
}

function asObject(value: Json): JsonObject {
  if (!isObject(value)) throw new Refusal(400, 'The patch leaves no resource', [{ at: '/', problem: 'must be a JSON object after the patch' }]);
  return value;
}

function asResource(value: Json, maxDepth: number): JsonObject {
  const resource = asObject(value);
  if (deeperThan(resource, maxDepth)) throw new Refusal(413, 'The patch would make the resource too large', [{ at: '/', problem: `nests deeper than ${maxDepth} levels` }]);
  return resource;
}

const OPERATIONS = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);
const UNSAFE = 'names an attribute that JSON Patch cannot address here; use a merge patch';

function operationsOf(patch: Json): Operation[] {
  if (!Array.isArray(patch)) throw new Refusal(400, 'A JSON Patch is an array of operations', [{ at: '/', problem: 'must be an array' }]);
  if (patch.length > MAX_OPERATIONS) throw new Refusal(413, 'The patch has too many operations', [{ at: '/', problem: `has more than ${MAX_OPERATIONS} operations` }]);
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
  if (isUnsafe(path)) return { at: '/path', problem: UNSAFE };
  if (op === 'move' || op === 'copy') {
    if (typeof from !== 'string') return { at: '/from', problem: 'must be text' };
    if (isUnsafe(from)) return { at: '/from', problem: UNSAFE };
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
