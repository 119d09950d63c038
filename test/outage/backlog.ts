import { jetstream } from '@nats-io/jetstream';
import { connect as connectNats, headers as natsHeaders } from '@nats-io/transport-node';
import { connect as connectAmqp } from 'amqplib';
import { once } from 'node:events';

/** One command of a backlog, as any system could send it. */
export interface BacklogCommand {
  readonly role: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly body: string;
}

/** Commands that are each about a role, applied in order of `step` and no other: each expects the revision that the one before it made. */
export function* backlog(roles: number, steps: number): Generator<BacklogCommand> {
  for (let step = 0; step < steps; step += 1) {
    for (let number = 0; number < roles; number += 1) {
      const role = `backlog-${number}`;
      const common = { specversion: '1.0', source: '/outage', id: `${role}/${step}`, subject: role, expectedrevision: String(step) };
      yield step === 0
        ? { role, attributes: { ...common, type: 'org.tmforum.partyRole.create' }, contentType: 'application/json', body: JSON.stringify({ name: `Backlog ${number}`, step }) }
        : { role, attributes: { ...common, type: 'org.tmforum.partyRole.patch' }, contentType: 'application/merge-patch+json', body: JSON.stringify({ step }) };
    }
  }
}

/** Commands sent and not yet confirmed. */
const WINDOW = 500;

/** Resolves when RabbitMQ has confirmed every command. */
export async function publishAmqp(url: string, prefix: string, commands: Iterable<BacklogCommand>): Promise<void> {
  const connection = await connectAmqp(url);
  const channel = await connection.createConfirmChannel();
  let unconfirmed = 0;
  for (const { role, attributes, contentType, body } of commands) {
    const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`cloudEvents_${name}`, value]));
    const written = channel.publish(`${prefix}.commands`, role, Buffer.from(body), { persistent: true, mandatory: true, contentType, headers });
    unconfirmed += 1;
    if (!written) await once(channel, 'drain');
    if (unconfirmed === WINDOW) {
      await channel.waitForConfirms();
      unconfirmed = 0;
    }
  }
  await channel.waitForConfirms();
  await connection.close();
}

/** Resolves when JetStream has acknowledged every command. */
export async function publishNats(url: string, prefix: string, commands: Iterable<BacklogCommand>): Promise<void> {
  const connection = await connectNats({ servers: url });
  const stream = jetstream(connection, { timeout: 30_000 });
  let waiting: Promise<unknown>[] = [];
  for (const { role, attributes, contentType, body } of commands) {
    const headers = natsHeaders();
    headers.set('content-type', contentType);
    for (const [name, value] of Object.entries(attributes)) headers.set(`ce-${name}`, value);
    waiting.push(stream.publish(`${prefix}.commands.partyRole.${role}`, body, { headers }));
    if (waiting.length < WINDOW) continue;
    await Promise.all(waiting);
    waiting = [];
  }
  await Promise.all(waiting);
  await connection.close();
}
