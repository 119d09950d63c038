import { isObject, type JsonObject } from '../../src/json.js';
import { ANSWERED, ContractSchemas, SENT, type Strictness } from './contract-schemas.js';

interface Operation {
  readonly messages: readonly { readonly $ref: string }[];
  readonly reply?: { readonly messages: readonly { readonly $ref: string }[] };
}

interface BusMessage {
  readonly name: string;
  readonly contentType?: string;
  readonly headers?: JsonObject;
}

/** Whether what is said on the bus is what the AsyncAPI document says. */
export class BusCheck {
  private readonly schemas: ContractSchemas;
  /** By CloudEvents type: where the schema of the event in structured mode is, and that of its reply. */
  private readonly structured = new Map<string, string>();
  private readonly replies = new Map<string, string>();
  /** By broker, type and media type. */
  private readonly binary = new Map<string, string>();

  constructor(asyncapi: JsonObject) {
    this.schemas = new ContractSchemas(asyncapi);
    for (const [operationName, operation] of Object.entries(asyncapi['operations'] as Readonly<Record<string, unknown>>)) {
      const { messages, reply } = operation as Operation;
      for (const { $ref } of messages) {
        const place = this.componentOf($ref);
        const { name, contentType, headers } = this.schemas.at(place) as BusMessage;
        if (headers) this.binary.set([operationName.split('.')[0], name, contentType ?? ''].join(' '), place);
        else this.structured.set(name, `${place}/payload`);
        const [answer] = reply?.messages ?? [];
        if (answer) this.replies.set(name, `${this.componentOf(answer.$ref)}/payload`);
      }
    }
  }

  /** An event or an announcement. @throws Error that says what does not fit. */
  event(event: unknown): void {
    this.checkStructured(event, ANSWERED);
  }

  /** A command in structured mode, or in that form. */
  command(command: unknown): void {
    this.checkStructured(command, SENT);
  }

  /** A command's headers in binary mode, as one broker has them. */
  binaryCommand(broker: 'rabbitmq' | 'nats', type: string, contentType: string | undefined, headers: unknown): void {
    const place = this.binary.get([broker, type, contentType ?? ''].join(' ')) ?? this.binary.get([broker, type, ''].join(' '));
    if (place === undefined) throw new Error(`the contract has no command ${type} of ${contentType ?? 'no content'} on ${broker}`);
    this.schemas.check(`the headers of ${type}`, `${place}/headers`, headers, SENT);
  }

  /** @param type of the command that it answers */
  reply(type: string, reply: unknown): void {
    const place = this.replies.get(type);
    if (place === undefined) throw new Error(`the contract has no reply to ${type}`);
    this.schemas.check(`the reply to ${type}`, place, reply, ANSWERED);
  }

  private checkStructured(event: unknown, strictness: Strictness): void {
    const type = isObject(event) ? event['type'] : undefined;
    const place = typeof type === 'string' ? this.structured.get(type) : undefined;
    if (typeof type !== 'string' || place === undefined) throw new Error(`the contract has no ${JSON.stringify(type)}`);
    this.schemas.check(type, place, event, strictness);
  }

  /** The component that a message of a channel is. */
  private componentOf(pointer: string): string {
    const message = this.schemas.document['components'] as JsonObject;
    const name = pointer.slice(pointer.lastIndexOf('/') + 1);
    if (!Object.hasOwn(message['messages'] as JsonObject, name)) throw new Error(`the contract has no message ${name}`);
    return `#/components/messages/${name}`;
  }
}
