import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { until } from './service.js';

export interface StreamEvent {
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/** Reads a stream of events by the rules of the HTML standard, sections 9.2.5 and 9.2.6, in whatever pieces it comes. */
export class EventParser {
  readonly events: StreamEvent[] = [];
  /** What a client sends as Last-Event-ID when it comes again. */
  lastEventId = '';
  retry: number | undefined;
  comments = 0;
  private readonly decoder = new TextDecoder();
  private rest = '';
  private id = '';
  private type = '';
  private data: string[] = [];

  constructor(lastEventId = '') {
    this.id = this.lastEventId = lastEventId;
  }

  push(bytes: Uint8Array): void {
    this.rest += this.decoder.decode(bytes, { stream: true });
    // A carriage return at the end may be half of a line's end.
    for (let end = /\r\n|\n|\r(?!$)/.exec(this.rest); end; end = /\r\n|\n|\r(?!$)/.exec(this.rest)) {
      const line = this.rest.slice(0, end.index);
      this.rest = this.rest.slice(end.index + end[0].length);
      this.take(line);
    }
  }

  private take(line: string): void {
    if (line === '') return this.dispatch();
    if (line.startsWith(':')) {
      this.comments += 1;
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.type = value;
    else if (field === 'data') this.data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retry = Number(value);
  }

  private dispatch(): void {
    this.lastEventId = this.id;
    const data = this.data.join('\n');
    if (data !== '') this.events.push({ id: this.id, type: this.type === '' ? 'message' : this.type, data });
    this.type = '';
    this.data = [];
  }
}

/** A connection to a stream of events, on a socket of its own. */
export class EventStreamClient {
  /** Resolves when the connection is over, however. */
  readonly closed: Promise<void>;
  private isClosed = false;

  private constructor(
    private readonly sent: ClientRequest,
    readonly response: IncomingMessage,
    readonly parser: EventParser,
  ) {
    response.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      response.once('close', () => {
        this.isClosed = true;
        resolve();
      });
    });
  }

  /** @param lastEventId where it goes on; empty: nowhere yet. @param reads false: it takes nothing until `read`. */
  static async open(url: string, lastEventId = '', { reads = true, headers = {} }: { reads?: boolean; headers?: Record<string, string> } = {}): Promise<EventStreamClient> {
    const sent = request(url, { agent: false, headers: { Accept: 'text/event-stream', ...(lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId }), ...headers } });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    sent.on('error', () => undefined);
    const client = new EventStreamClient(sent, response, new EventParser(lastEventId));
    if (reads) client.read();
    return client;
  }

  read(): void {
    this.response.on('data', (chunk: Buffer) => this.parser.push(chunk));
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  get events(): readonly StreamEvent[] {
    return this.parser.events;
  }

  /** The data of each event, parsed. */
  get envelopes(): Record<string, unknown>[] {
    return this.events.map(({ data }) => JSON.parse(data) as Record<string, unknown>);
  }

  async has(count: number): Promise<void> {
    await until(`${count} events have come`, () => this.events.length >= count || this.isClosed);
  }

  /** The client goes away in whatever state it is. */
  abort(): Promise<void> {
    this.sent.destroy();
    return this.closed;
  }
}
