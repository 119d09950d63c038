import type { SentCommand } from './journal.js';

/** Puts commands on a broker, one attempt each. It connects when there is something to send and no connection. */
export interface Producer {
  /**
   * Resolves when the broker has confirmed the command; counts it in `sends` when it goes out.
   * @throws when it could not be sent, or nobody knows whether it arrived: then it is to be sent again.
   */
  send(command: SentCommand): Promise<void>;
  close(): Promise<void>;
}

/** A command as a message, without the names that a broker's binding gives the attributes. */
export interface Encoded {
  readonly contentType: string;
  /** CloudEvents attributes of a message in binary mode; none in structured mode. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const STRUCTURED_EVERY = 5;

/** The same command gives the same bytes, however often it is sent. Every fifth is in structured mode. */
export function encode(command: SentCommand): Encoded {
  const { id, source, action, role, number, expectedrevision, contentType, data } = command;
  const attributes = { specversion: '1.0', id, source, type: `org.tmforum.partyRole.${action}`, subject: role, ...(expectedrevision === undefined ? {} : { expectedrevision }) };
  if (number % STRUCTURED_EVERY === STRUCTURED_EVERY - 1) {
    const event = { ...attributes, datacontenttype: contentType, data };
    return { contentType: 'application/cloudevents+json', attributes: {}, body: Buffer.from(JSON.stringify(event)) };
  }
  return { contentType, attributes, body: Buffer.from(data === undefined ? '' : JSON.stringify(data)) };
}

/** One connection for all who send: opened when somebody needs it, and opened anew after it was lost. */
export class Shared<Connection> {
  private current: Promise<Connection> | undefined;

  constructor(private readonly open: (lost: () => void) => Promise<Connection>) {}

  /** @throws what opening throws; the next one to ask tries again. */
  get(): Promise<Connection> {
    if (this.current) return this.current;
    const opening: Promise<Connection> = this.open(() => this.forget(opening));
    opening.catch(() => this.forget(opening));
    this.current = opening;
    return opening;
  }

  /** The one that is open or being opened; undefined when there is none. */
  get existing(): Promise<Connection> | undefined {
    return this.current;
  }

  private forget(opened: Promise<Connection>): void {
    if (this.current === opened) this.current = undefined;
  }
}
