import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import type { SentCommand } from './journal.js';
import { encode, Shared, type Producer } from './producer.js';
import { within } from './within.js';

const CONNECT_MS = 5_000;
const CONFIRM_MS = 5_000;
/** A server, or a network, that answers no ping for two of these is given up. */
const PING_MS = 4_000;

interface Session {
  readonly connection: NatsConnection;
  readonly stream: JetStreamClient;
}

export class NatsProducer implements Producer {
  private readonly session: Shared<Session>;

  constructor(
    url: string,
    private readonly prefix: string,
  ) {
    this.session = new Shared((lost) => open(url, lost));
  }

  /** Without `Nats-Msg-Id`: repetitions are to reach the service. */
  async send(command: SentCommand): Promise<void> {
    const { stream } = await this.session.get();
    const { contentType, attributes, body } = encode(command);
    const entries = headers();
    entries.set('content-type', contentType);
    for (const [name, value] of Object.entries(attributes)) entries.set(`ce-${name}`, value);
    command.sends += 1;
    await stream.publish(`${this.prefix}.commands.partyRole.${command.role}`, body, { headers: entries, timeout: CONFIRM_MS, retries: 0 });
  }

  async close(): Promise<void> {
    await this.session.existing?.then(({ connection }) => within(CONNECT_MS, 'close', connection.close())).catch(() => undefined);
  }
}

async function open(url: string, lost: () => void): Promise<Session> {
  const connection = await connect({ servers: url, reconnect: false, timeout: CONNECT_MS, pingInterval: PING_MS, maxPingOut: 2 });
  void connection.closed().then(lost);
  return { connection, stream: jetstream(connection) };
}
