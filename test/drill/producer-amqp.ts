import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import type { SentCommand } from './journal.js';
import { encode, Shared, type Producer } from './producer.js';
import { within } from './within.js';

const CONNECT_MS = 5_000;
const CONFIRM_MS = 15_000;
/** A broker, or a network, that is silent for two of these is given up. */
const HEARTBEAT_SECONDS = '4';

interface Session {
  readonly connection: ChannelModel;
  readonly channel: ConfirmChannel;
  /** Ids of messages that came back since no queue took them: the broker confirms those too. */
  readonly returned: Set<string>;
  /** Whoever sends next gets another one. */
  readonly giveUp: () => void;
}

export class AmqpProducer implements Producer {
  private readonly session: Shared<Session>;

  constructor(
    url: string,
    private readonly prefix: string,
  ) {
    this.session = new Shared((lost) => open(url, lost));
  }

  async send(command: SentCommand): Promise<void> {
    const session = await this.session.get();
    try {
      await within(CONFIRM_MS, 'confirmation', this.publish(session, command));
    } catch (error) {
      session.giveUp();
      throw error;
    }
    if (session.returned.delete(command.id)) throw new Error(`no queue takes commands for ${command.role}`);
  }

  async close(): Promise<void> {
    await this.session.existing?.then(({ connection }) => within(CONNECT_MS, 'close', connection.close())).catch(() => undefined);
  }

  private publish({ channel }: Session, command: SentCommand): Promise<void> {
    const { contentType, attributes, body } = encode(command);
    const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`cloudEvents_${name}`, value]));
    const options = { contentType, headers, persistent: true, mandatory: true, messageId: command.id };
    return new Promise((resolve, reject) => {
      channel.publish(`${this.prefix}.commands`, command.role, body, options, (error: Error | null) => (error ? reject(error) : resolve()));
      command.sends += 1;
    });
  }
}

async function open(text: string, lost: () => void): Promise<Session> {
  const url = new URL(text);
  url.searchParams.set('heartbeat', HEARTBEAT_SECONDS);
  const connection = await connect(url.href, { timeout: CONNECT_MS });
  connection.on('error', () => undefined); // the event `close` follows
  connection.on('close', lost);
  const giveUp = (): void => {
    lost();
    // The heartbeat ends what the broker never agrees to.
    connection.close().catch(() => undefined);
  };
  try {
    const channel = await within(CONNECT_MS, 'channel', connection.createConfirmChannel());
    const returned = new Set<string>();
    channel.on('error', () => undefined); // as above
    channel.on('close', giveUp);
    channel.on('return', ({ properties }) => returned.add(String(properties.messageId)));
    return { connection, channel, returned, giveUp };
  } catch (error) {
    giveUp();
    throw error;
  }
}
