import { isObject, type Json, type JsonObject } from '../json.js';

/** What becomes of the parts of a JSON value. */
export interface Mapping {
  /** The value that an attribute is to have; undefined: it is left out. What is kept is gone through in its turn. */
  readonly attribute: (name: string, value: Json) => Json | undefined;
  /** An operation of a JSON Patch, as `attribute`. */
  readonly operation: (operation: JsonObject) => JsonObject | undefined;
  readonly text: (text: string) => string;
}

/** A copy with other parts, and the same value where nothing changes. */
export function mapped(value: Json, mapping: Mapping): Json {
  if (typeof value === 'string') return mapping.text(value);
  if (Array.isArray(value)) {
    const elements = value.flatMap((element) => {
      const kept = isOperation(element) ? mapping.operation(element) : element;
      return kept === undefined ? [] : [mapped(kept, mapping)];
    });
    return elements.length === value.length && elements.every((element, index) => element === value[index]) ? value : elements;
  }
  return isObject(value) ? mappedObject(value, mapping) : value;
}

function mappedObject(object: JsonObject, mapping: Mapping): JsonObject {
  let isSame = true;
  const attributes = Object.entries(object).flatMap(([name, value]): [string, Json][] => {
    const kept = mapping.attribute(name, value);
    const other = kept === undefined ? undefined : mapped(kept, mapping);
    if (other !== value) isSame = false;
    return other === undefined ? [] : [[name, other]];
  });
  // fromEntries keeps an attribute called __proto__.
  return isSame ? object : Object.fromEntries(attributes);
}

function isOperation(value: Json): value is JsonObject {
  return isObject(value) && typeof value['op'] === 'string' && (typeof value['path'] === 'string' || typeof value['from'] === 'string');
}

/** Which of these names an operation of a JSON Patch, or of a JSON Patch Query, writes, reads or asks for. */
export function patchOf(operation: JsonObject, names: ReadonlySet<string>): string | undefined {
  const places = [operation['path'], operation['from']].filter((place) => typeof place === 'string');
  return places.flatMap((place) => unescaped(place).split(/[^\p{L}\p{N}_]+/u)).find((word) => names.has(word));
}

/** Names in JSONPath may be written with the escapes of JSON texts. */
function unescaped(path: string): string {
  return path.replace(/\\u([0-9a-fA-F]{4})/g, (_all, code: string) => String.fromCharCode(parseInt(code, 16)));
}
