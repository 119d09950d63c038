/** What a prefix stands for on every broker, `tmf` in the examples: exchanges of RabbitMQ, and the first part of the subjects of NATS. */
export interface BusNames {
  readonly commands: string;
  readonly events: string;
  /** Announcements of parked messages. */
  readonly dead: string;
}

export function busNames(prefix: string): BusNames {
  return { commands: `${prefix}.commands`, events: `${prefix}.events`, dead: `${prefix}.dead` };
}

/** The stream of JetStream that takes these subjects, `TMF_COMMANDS`: its name is one token, a prefix may have several. */
export function streamName(prefix: string, what: keyof BusNames): string {
  return `${prefix.toUpperCase().replaceAll('.', '_')}_${what.toUpperCase()}`;
}

/**
 * What stands before the name of a CloudEvents attribute in a header: AMQP binding, section 3.1.3.1; NATS binding, section 3.1.3.
 */
export const ATTRIBUTE_PREFIX = { amqp: 'cloudEvents_', nats: 'ce-' } as const;

/** Headers of commands on NATS that are no attributes: JetStream uses a message's own reply subject for its acknowledgement. */
export const NATS_HEADERS = { contentType: 'content-type', replyTo: 'reply-to', correlationId: 'correlation-id' } as const;
