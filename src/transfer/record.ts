import { hash } from 'node:crypto';
import { v5 as uuidv5 } from 'uuid';
import { checkJson } from '../bus/envelope.js';
import { Refusal, Unacceptable } from '../errors.js';
import type { ResourceDefinition } from '../handlers/definition.js';
import { NAMESPACE } from '../handlers/notification.js';
import { forgetting } from '../handlers/secret-bodies.js';
import { withoutDropped } from '../handlers/secrets.js';
import { atPosition, isObject, withoutUndefined, type Json, type JsonObject } from '../json.js';
import { isResourceId, RESOURCE_ID_RULE } from '../resource-id.js';

/** What a refused line carries beside its own attributes, so that it can be corrected and imported as it is. */
export const REFUSED = '@refused';

/** What all lines of a file have in common. */
export interface Origin {
  readonly definition: ResourceDefinition;
  /** CloudEvents `source`. */
  readonly source: string;
  /** The attribute that tells records without an id apart; absent: their whole content does. */
  readonly key?: string;
  /** Levels of arrays and objects. */
  readonly maxDepth: number;
}

/** A line that was understood. */
export interface ImportRecord {
  /** The resource's id: the record's own, or one that is the same whenever this record comes again. */
  readonly id: string;
  /** The resource as JSON text. */
  readonly body: Uint8Array;
  /** The id of the command: of the same record with the same content it is the same, in every run. */
  readonly commandId: (attempt: number) => string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws Refusal 400 or 413 that says what the line lacks. */
export function recordOf(bytes: Uint8Array, origin: Origin): ImportRecord {
  const attributes = attributesOf(bytes, origin);
  const content = JSON.stringify(attributes);
  const { source, definition } = origin;
  const id = ownId(attributes) ?? uuidv5(JSON.stringify([source, definition.name, ...distinction(attributes, content, origin)]), NAMESPACE);
  const identity = hash('sha256', JSON.stringify([source, definition.name, id, content]), 'hex');
  return {
    id,
    body: Buffer.from(JSON.stringify({ id, ...attributes })),
    commandId: (attempt) => (attempt === 1 ? identity : `${identity}.${attempt}`),
  };
}

/**
 * A refused line as a line to correct: the record with why it was refused; what is no record, as text in there. Such a line that
 * comes back as it was has the same form again.
 */
export function refusedLine(bytes: Uint8Array | undefined, why: JsonObject, origin: Origin): string {
  if (!bytes) return JSON.stringify({ [REFUSED]: why });
  try {
    return JSON.stringify({ ...attributesOf(bytes, origin), [REFUSED]: why });
  } catch {
    const original = originalOf(bytes);
    const text = original && Buffer.from(forgetting(original, origin.definition.secrets)).toString('utf8');
    return JSON.stringify({ [REFUSED]: withoutUndefined({ ...why, text }) });
  }
}

/** What the line was before it was refused for the first time; undefined when that is not known. */
function originalOf(bytes: Uint8Array): Uint8Array | undefined {
  const line = jsonOf(bytes);
  if (!isObject(line) || Object.keys(line).join() !== REFUSED || !isObject(line[REFUSED])) return bytes;
  const { text } = line[REFUSED];
  return typeof text === 'string' ? Buffer.from(text) : undefined;
}

function jsonOf(bytes: Uint8Array): Json | undefined {
  try {
    return parsed(bytes);
  } catch {
    return undefined;
  }
}

/** Whether a line says nothing at all. */
export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 32 || (byte >= 9 && byte <= 13));
}

function attributesOf(bytes: Uint8Array, { definition, maxDepth }: Origin): JsonObject {
  const value = parsed(bytes);
  if (!isObject(value)) throw new Refusal(400, 'A line is a JSON object', [{ at: '/', problem: 'must be a JSON object' }]);
  try {
    checkJson(value, maxDepth);
  } catch (error) {
    if (error instanceof Unacceptable) throw new Refusal(error.reason === 'too-large' ? 413 : 400, 'The line cannot be taken', [{ at: '/', problem: error.message }]);
    throw error;
  }
  const { [REFUSED]: before, ...attributes } = withoutDropped(value, definition.secrets);
  const problem = before === undefined ? 'has no attributes' : `was refused before, and has nothing beside ${REFUSED}`;
  if (Object.keys(attributes).length === 0) throw new Refusal(400, 'The line is empty', [{ at: '/', problem }]);
  return attributes;
}

function parsed(bytes: Uint8Array): Json {
  try {
    return JSON.parse(utf8.decode(bytes)) as Json;
  } catch (error) {
    throw new Refusal(400, 'The line is not JSON', [{ at: '/', problem: `is not JSON in UTF-8${atPosition(error)}` }]);
  }
}

function ownId(attributes: JsonObject): string | undefined {
  if (!Object.hasOwn(attributes, 'id')) return undefined;
  const { id } = attributes;
  if (typeof id === 'string' && isResourceId(id)) return id;
  throw new Refusal(400, 'Invalid id', [{ at: '/id', problem: typeof id === 'string' ? RESOURCE_ID_RULE : 'must be a string' }]);
}

/** What makes a record without an id another one than the next. A line's number does not: lines move. */
function distinction(attributes: JsonObject, content: string, { key }: Origin): [string, string] {
  if (key === undefined) return ['content', content];
  const value = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
  if (typeof value === 'number' || (typeof value === 'string' && value !== '')) return ['key', String(value)];
  throw new Refusal(400, 'The line has neither an id nor the key', [{ at: `/${key}`, problem: value === undefined ? 'is mandatory, as there is no id' : 'must be a text or a number' }]);
}
