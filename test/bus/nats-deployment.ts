import { randomUUID } from 'node:crypto';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { pino } from 'pino';
import type { Bus } from '../../src/bus/bus.js';
import { openNatsBus, type NatsBusOptions } from '../../src/bus/nats-bus.js';

const log = pino({ level: 'silent' });

/** Names on the server, recorded settings and leases that no other test uses. */
export interface NatsDeployment {
  readonly prefix: string;
  /** Streams are named after it. */
  readonly PREFIX: string;
  readonly leases: LeaseTable;
  /** Four lanes and a declared topology, unless told. */
  readonly open: (options?: Partial<NatsBusOptions>) => Bus;
}

/** The deployments of one test file on one server, and the buses to be closed after each test. */
export class NatsDeployments {
  private readonly opened: Bus[] = [];

  constructor(private readonly url: string) {}

  add(): NatsDeployment {
    const prefix = `t${randomUUID().slice(0, 8)}`;
    const settings = new Map<string, string>();
    const leases = new LeaseTable();
    const defaults = {
      url: this.url,
      prefix,
      lanes: 4,
      topology: 'declare' as const,
      recorded: (name: string, value: string) => Promise.resolve(settings.get(name) ?? (settings.set(name, value), value)),
      onFatal: (error: Error) => {
        throw error;
      },
      log,
    };
    const open = (options: Partial<NatsBusOptions> = {}): Bus => {
      const bus = openNatsBus({ ...defaults, leases: leases.of(randomUUID()), ...options });
      this.opened.push(bus);
      return bus;
    };
    return { prefix, PREFIX: prefix.toUpperCase(), leases, open };
  }

  async close(): Promise<void> {
    await Promise.all(this.opened.splice(0).map((bus) => bus.close()));
  }
}

/** What another client sees. */
export async function connected<T>(url: string, use: (connection: NatsConnection, manager: JetStreamManager) => Promise<T>): Promise<T> {
  const connection = await connect({ servers: url });
  try {
    return await use(connection, await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}

/** How many commands are not acknowledged. */
export function waitingCommands(url: string, prefix: string): Promise<number> {
  return connected(url, async (_connection, manager) => (await manager.streams.info(`${prefix.toUpperCase()}_COMMANDS`)).state.messages);
}

/** Leases in memory, as a store would keep them. */
export class LeaseTable {
  private readonly held = new Map<string, { holder: string; until: number }>();
  private readonly forgotten = new Set<string>();

  get size(): number {
    return this.held.size;
  }

  of(holder: string, wants: (name: string) => boolean = () => true): NatsBusOptions['leases'] {
    return {
      take: (name, ttlMs) => Promise.resolve(wants(name) && !this.forgotten.has(holder) && this.take(name, holder, ttlMs)),
      release: (name) => {
        if (this.held.get(name)?.holder === holder) this.held.delete(name);
        return Promise.resolve();
      },
    };
  }

  /** As if this holder's leases had run out, and its renewals came too late for ever. */
  forget(holder: string): void {
    this.forgotten.add(holder);
    for (const [name, lease] of this.held) if (lease.holder === holder) this.held.delete(name);
  }

  private take(name: string, holder: string, ttlMs: number): boolean {
    const lease = this.held.get(name);
    if (lease && lease.holder !== holder && lease.until > Date.now()) return false;
    this.held.set(name, { holder, until: Date.now() + ttlMs });
    return true;
  }
}
