import type { Fault } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';

const MAX_TEXT = 1_000;

/** Reads attributes of an object and collects what is wrong with them. What is null is absent. */
export class AttributeReader {
  constructor(
    private readonly object: JsonObject,
    readonly faults: Fault[] = [],
    private readonly path = '',
  ) {}

  optional(name: string, most = MAX_TEXT): string | undefined {
    const value = this.valueOf(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') this.fault(name, 'must be a string');
    else if (value.length > most) this.fault(name, `must not have more than ${most} characters`);
    else return value;
    return undefined;
  }

  required(name: string, most = MAX_TEXT): string | undefined {
    const value = this.valueOf(name);
    if (value !== undefined && value !== '') return this.optional(name, most);
    this.fault(name, 'must be given');
    return undefined;
  }

  /** What reads the object that this attribute has. */
  within(name: string): AttributeReader | undefined {
    const value = this.valueOf(name);
    if (value === undefined) return undefined;
    if (isObject(value)) return new AttributeReader(value, this.faults, this.pointer(name));
    this.fault(name, 'must be an object');
    return undefined;
  }

  fault(name: string, problem: string): void {
    this.faults.push({ at: this.pointer(name), problem });
  }

  pointer(name: string): string {
    return `${this.path}/${name}`;
  }

  private valueOf(name: string): Json | undefined {
    return Object.hasOwn(this.object, name) ? (this.object[name] ?? undefined) : undefined;
  }
}
