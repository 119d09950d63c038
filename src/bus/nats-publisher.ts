import { createInbox, errors, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { TimeoutError, UnroutableError, textOf } from '../errors.js';

/** Until the server confirms that it stored a message. */
const CONFIRM_MS = 10_000;
/** The server's answer when nobody, so no stream, listens on a subject. */
const NO_RESPONDERS = 503;

/** One message, from the call to the server's answer. */
interface Transmission {
  readonly subject: string;
  readonly calledAt: number;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Publishes to streams on one connection and waits for their confirmations. The JetStream client's own `publish` does the same with
 * several promises, a timer and a text decoder for each message.
 */
export class NatsPublisher {
  private readonly inbox = createInbox();
  /** Without an answer yet, by the last token of the subject of the answer, in the order of the calls. */
  private readonly underWay = new Map<string, Transmission>();
  private serial = 0;
  private overdueCheck: NodeJS.Timeout | undefined;

  constructor(
    private readonly connection: NatsConnection,
    private readonly confirmMs = CONFIRM_MS,
  ) {
    connection.subscribe(`${this.inbox}.*`, {
      callback: (error, message) => {
        if (!error) this.answered(message);
      },
    });
    void connection.closed().then(() => this.failAll('the connection is closed'));
  }

  /**
   * Resolves when the stream that takes this subject has stored the message.
   * @throws UnroutableError when no stream takes it, TimeoutError when it is not confirmed, InvalidArgumentError when it is larger than the server takes.
   */
  publish(subject: string, content: Uint8Array, headers: MsgHdrs): Promise<void> {
    return new Promise((resolve, reject) => {
      const token = String((this.serial += 1));
      try {
        this.connection.publish(subject, content, { headers, reply: `${this.inbox}.${token}` });
      } catch (error) {
        reject(error instanceof errors.InvalidArgumentError ? error : unconfirmed(subject, textOf(error)));
        return;
      }
      this.underWay.set(token, { subject, calledAt: performance.now(), resolve, reject });
      // It must not keep a process that has nothing else to do.
      this.overdueCheck ??= setTimeout(() => this.giveUpOverdue(), this.confirmMs).unref();
    });
  }

  /** The server lets this user publish nothing to this subject. */
  forbidden(subject: string, why: string): void {
    for (const [token, transmission] of this.underWay) if (transmission.subject === subject) this.fail(token, transmission, why);
  }

  private answered(message: Msg): void {
    const token = message.subject.slice(this.inbox.length + 1);
    const transmission = this.underWay.get(token);
    if (!transmission) return;
    this.underWay.delete(token);
    if (message.data.byteLength === 0 && message.headers?.code === NO_RESPONDERS) {
      transmission.reject(new UnroutableError(`no stream takes ${transmission.subject}`));
      return;
    }
    const problem = problemIn(message.data);
    if (problem === undefined) transmission.resolve();
    else transmission.reject(unconfirmed(transmission.subject, problem));
  }

  private giveUpOverdue(): void {
    this.overdueCheck = undefined;
    const now = performance.now();
    for (const [token, transmission] of this.underWay) {
      const left = transmission.calledAt + this.confirmMs - now;
      if (left > 0) {
        this.overdueCheck = setTimeout(() => this.giveUpOverdue(), left).unref();
        return;
      }
      this.fail(token, transmission, `no answer within ${this.confirmMs} ms`);
    }
  }

  private failAll(why: string): void {
    for (const [token, transmission] of this.underWay) this.fail(token, transmission, why);
  }

  private fail(token: string, transmission: Transmission, why: string): void {
    this.underWay.delete(token);
    transmission.reject(unconfirmed(transmission.subject, why));
  }
}

function unconfirmed(subject: string, why: string): TimeoutError {
  return new TimeoutError(`NATS did not confirm ${subject}: ${why}`);
}

/** The `PubAck` of the JetStream API. */
interface StreamAnswer {
  readonly stream?: unknown;
  readonly error?: { readonly description?: string };
}

/** Why the answer is none of a stream that stored the message. */
function problemIn(answer: Uint8Array): string | undefined {
  try {
    const { stream, error } = JSON.parse(Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength).toString()) as StreamAnswer;
    if (error) return error.description ?? JSON.stringify(error);
    return typeof stream === 'string' && stream !== '' ? undefined : 'its answer names no stream';
  } catch (error) {
    return `its answer cannot be read: ${textOf(error)}`;
  }
}
