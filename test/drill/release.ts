import amqplib, { type ConfirmChannel, type Options, type SocketOptions } from 'amqplib';

/** On SIGUSR2 every lane is let go, in the way given; the client library is wrapped from outside for it. */
export function onRelease(release: (channel: ConfirmChannel, consumer: string) => Promise<unknown>): void {
  const consumers = new Map<ConfirmChannel, string>();
  const { connect } = amqplib;
  const connectWatched = async (url: Options.Connect | string, options?: SocketOptions): ReturnType<typeof connect> => {
    const model = await connect(url, options);
    const createConfirmChannel = model.createConfirmChannel.bind(model);
    return Object.assign(model, { createConfirmChannel: async () => remembering(await createConfirmChannel(), consumers) });
  };
  Object.assign(amqplib, { connect: connectWatched });
  process.on('SIGUSR2', () => {
    for (const [channel, consumer] of consumers) release(channel, consumer).catch(() => undefined);
    consumers.clear();
  });
}

function remembering(channel: ConfirmChannel, consumers: Map<ConfirmChannel, string>): ConfirmChannel {
  const consume = channel.consume.bind(channel);
  return Object.assign(channel, {
    consume: async (...args: Parameters<typeof consume>) => {
      const reply = await consume(...args);
      if (args[0].includes('.commands.')) consumers.set(channel, reply.consumerTag);
      return reply;
    },
  });
}
