import { isObject, type Json, type JsonObject } from '../../src/json.js';
import { mediaType } from '../../src/media-type.js';
import { ANSWERED, ContractSchemas, token } from './contract-schemas.js';

/** What a listener is sent. */
export interface Delivery {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** Headers that say something about the event: the others are HTTP's own. */
const OURS = /^(webhook-|ce-)/;

/** Whether what listeners are sent is what the OpenAPI document says. */
export class DeliveryCheck {
  private readonly schemas: ContractSchemas;
  /** By each event type that a body may name: where its webhook is. */
  private readonly places = new Map<unknown, string>();

  constructor(openapi: JsonObject) {
    this.schemas = new ContractSchemas(openapi);
    for (const webhook of Object.keys(openapi['webhooks'] as JsonObject)) {
      const place = `#/webhooks/${token(webhook)}/post`;
      const { anyOf } = this.schemas.at(this.bodyAt(place, 'application/json')) as { readonly anyOf: readonly { readonly $ref: string }[] };
      for (const { $ref } of anyOf) {
        const name = (this.schemas.at(`${$ref}/properties/eventType`) as JsonObject)['const'];
        if (name !== undefined) this.places.set(name, place);
      }
    }
  }

  /** @param selected whether the subscription has `fields`. @throws Error that says what does not fit. */
  check({ headers, body }: Delivery, selected = false): void {
    const type = mediaType(String(headers['content-type']));
    const sent = JSON.parse(body) as JsonObject;
    const envelope = isObject(sent['data']) ? sent['data'] : sent;
    const what = `the delivery of ${JSON.stringify(envelope['eventType'])} as ${type}`;
    const place = this.places.get(envelope['eventType']);
    if (place === undefined || this.schemas.at(this.bodyAt(place, type)) === undefined) throw new Error(`${what}: the contract has none`);
    this.schemas.check(what, this.bodyAt(place, type), sent, { ...ANSWERED, selected });
    this.checkHeaders(what, place, headers);
  }

  private checkHeaders(what: string, place: string, headers: Delivery['headers']): void {
    const { parameters } = this.schemas.at(place) as { readonly parameters: readonly Json[] };
    const known = new Map(parameters.map((_, index) => [(this.schemas.at(`${place}/parameters/${index}`) as { readonly name: string }).name, index]));
    for (const [name, index] of known) {
      const { required, schema } = this.schemas.at(`${place}/parameters/${index}`) as { readonly required: boolean; readonly schema: JsonObject };
      if (required && headers[name] === undefined) throw new Error(`${what}: the header ${name} is missing`);
      if (headers[name] !== undefined && typeof headers[name] !== schema['type']) throw new Error(`${what}: the header ${name} is given twice`);
    }
    for (const name of Object.keys(headers)) if (OURS.test(name) && !known.has(name)) throw new Error(`${what}: the contract has no header ${name}`);
  }

  private bodyAt(place: string, type: string): string {
    return `${place}/requestBody/content/${token(type)}/schema`;
  }
}
