import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { toUtcDateTime } from '../../src/date-time.js';
import { isObject, type Json, type JsonObject } from '../../src/json.js';
import { at } from './contracts.js';

/** How what is checked came to be. */
export interface Strictness {
  /** `sent`: date-times as the service takes them. `answered`: as it says them. */
  readonly dates: 'sent' | 'answered';
  /** Whether `fields` chose: else everything must be there. */
  readonly selected: boolean;
}

export const SENT: Strictness = { dates: 'sent', selected: false };
export const ANSWERED: Strictness = { dates: 'answered', selected: false };

/** Whole bodies of ours: what has an attribute that the contract lacks does not fit it. Resources may have any. */
const CLOSED = /^(?!Selected)[A-Z].*(Event|Notification|Event\.CloudEvent|Snapshot\.CloudEvent|Parked\.CloudEvent)$|^(Error|EventSubscription|ParkedMessage)$/;

/** The schemas of one document, compiled when they are first needed. */
export class ContractSchemas {
  private readonly compiled = new Map<string, ValidateFunction>();
  private readonly ajvs = new Map<string, Ajv2020>();

  constructor(readonly document: JsonObject) {}

  /** @param pointer of a schema in the document. @throws Error when the value does not fit. */
  check(what: string, pointer: string, value: unknown, strictness: Strictness): void {
    const key = `${strictness.dates} ${String(strictness.selected)} ${pointer}`;
    const validate = this.compiled.get(key) ?? this.compile(pointer, strictness);
    this.compiled.set(key, validate);
    if (validate(value)) return;
    const faults = (validate.errors ?? []).slice(0, 10).map(({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`);
    throw new Error(`${what} does not fit its contract ${pointer}:\n${faults.join('\n')}\n${JSON.stringify(value)?.slice(0, 2_000)}`);
  }

  /** What lies at a pointer, wherever it is referred to from there. */
  at(pointer: string): unknown {
    const found = at(this.document, pointer);
    return isObject(found) && typeof found['$ref'] === 'string' ? this.at(found['$ref']) : found;
  }

  private compile(pointer: string, { dates, selected }: Strictness): ValidateFunction {
    const key = `${dates} ${String(selected)}`;
    const ajv = this.ajvs.get(key) ?? this.ajvFor(dates, selected);
    this.ajvs.set(key, ajv);
    const fragment = pointer.replace(/^#/, '').split('/').map(encodeURIComponent).join('/');
    const validate = ajv.getSchema(`contract#${fragment}`);
    if (!validate) throw new Error(`the contract has no schema at ${pointer}`);
    return validate;
  }

  private ajvFor(dates: Strictness['dates'], selected: boolean): Ajv2020 {
    const isDate = (text: string): boolean => (dates === 'sent' ? toUtcDateTime(text) !== undefined : toUtcDateTime(text) === text);
    const ajv = new Ajv2020({ strict: false, validateSchema: false, formats: { 'date-time': isDate, uri: (text: string) => URL.canParse(text) } });
    return ajv.addSchema(tightened(this.document, selected), 'contract');
  }
}

function tightened(document: JsonObject, selected: boolean): JsonObject {
  const components = document['components'] as JsonObject;
  const schemas = Object.entries(components['schemas'] as JsonObject).map(([name, schema]): [string, Json] => {
    if (/^Selected/.test(name) && !selected) return [name, false];
    return [name, CLOSED.test(name) ? { ...(schema as JsonObject), additionalProperties: false } : schema];
  });
  return { ...document, components: { ...components, schemas: Object.fromEntries(schemas) } };
}

/** A name as one token of a pointer. */
export function token(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
