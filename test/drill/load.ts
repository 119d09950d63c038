import { setTimeout as pause } from 'node:timers/promises';
import type { BusKind } from './events.js';
import type { Journal, SentCommand } from './journal.js';
import type { Producer } from './producer.js';
import { AmqpProducer } from './producer-amqp.js';
import { NatsProducer } from './producer-nats.js';
import { RoleScript } from './scenario.js';

export interface LoadOptions {
  readonly bus: BusKind;
  /** Of the broker, perhaps through a proxy. */
  readonly url: string;
  readonly prefix: string;
  /** What is asked of each role is always the same for one seed; how many roles there come to be depends on the time given. */
  readonly seed: number;
  /** How many role ids are in use at a time. */
  readonly roles: number;
  /** About how many commands a second. */
  readonly perSecond: number;
  readonly log: (line: string) => void;
}

export interface Load {
  /** Stops sending, confirms the rest, resolves with the journal. */
  stop(): Promise<Journal>;
  /** How often a command was sent so far, repetitions included. */
  readonly sent: () => number;
  /** How many of them were confirmed so far. */
  readonly confirmed: () => number;
}

const RETRY_MS = 250;
/** Distance between the seeds of roles that follow each other in one place. */
const GENERATIONS = 10_000;

/** The commands and exchanges, or streams, must be there: start it when the service is ready. */
export function startLoad(options: LoadOptions): Promise<Load> {
  const running = new RunningLoad(options);
  running.start();
  return Promise.resolve(running);
}

/** Many roles side by side; the commands of one role one after the other, each confirmed before the next is sent. */
class RunningLoad implements Load {
  private readonly producer: Producer;
  private readonly commands: SentCommand[] = [];
  private places: Promise<void>[] = [];
  private confirmations = 0;
  private stopping = false;
  private failing = false;
  private nextTurn = 0;

  constructor(private readonly options: LoadOptions) {
    const { bus, url, prefix } = options;
    this.producer = bus === 'rabbitmq' ? new AmqpProducer(url, prefix) : new NatsProducer(url, prefix);
  }

  readonly sent = (): number => this.commands.reduce((sum, { sends }) => sum + sends, 0);

  readonly confirmed = (): number => this.confirmations;

  start(): void {
    this.places = Array.from({ length: this.options.roles }, (_, place) => this.keepBusy(place));
  }

  async stop(): Promise<Journal> {
    this.stopping = true;
    await Promise.all(this.places);
    await this.producer.close();
    return { seed: this.options.seed, commands: this.commands };
  }

  /** One role after the other. */
  private async keepBusy(place: number): Promise<void> {
    const { seed, prefix, roles } = this.options;
    for (let generation = 0; !this.stopping; generation += 1) {
      const role = `r${seed}-${place}-${generation}`;
      const script = new RoleScript(role, `/drill/${prefix}`, seed * roles * GENERATIONS + place * GENERATIONS + generation);
      for (let command = await this.nextOf(script); command; command = await this.nextOf(script)) await this.deliver(command);
    }
  }

  private async nextOf(script: RoleScript): Promise<SentCommand | undefined> {
    await this.turn();
    if (this.stopping) return undefined;
    const command = script.next();
    if (command && command.sends === 0) this.commands.push(command);
    return command;
  }

  /** Spreads all sends evenly over the time; time that was lost is not made up for. */
  private async turn(): Promise<void> {
    const now = Date.now();
    const mine = Math.max(now, this.nextTurn);
    this.nextTurn = mine + 1000 / this.options.perSecond;
    if (mine > now) await pause(mine - now);
  }

  private async deliver(command: SentCommand): Promise<void> {
    for (;;) {
      try {
        await this.producer.send(command);
        command.confirmed = true;
        this.confirmations += 1;
        if (this.failing) this.options.log('the broker confirms again');
        this.failing = false;
        return;
      } catch (error) {
        if (!this.failing) this.options.log(`the broker does not confirm: ${String(error)}`);
        this.failing = true;
      }
      await pause(RETRY_MS);
    }
  }
}
