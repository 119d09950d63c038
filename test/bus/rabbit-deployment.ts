import { connect, type Channel } from 'amqplib';
import { pino } from 'pino';
import type { Bus } from '../../src/bus/bus.js';
import { openRabbitBus, type RabbitBusOptions } from '../../src/bus/rabbitmq-bus.js';
import { rabbitNames, type RabbitNames } from '../../src/bus/rabbitmq-topology.js';
import type { StartError } from '../../src/errors.js';

export const LANES = 4;

/** One prefix on a broker, with the settings that all its workers share. */
export interface RabbitDeployment {
  readonly prefix: string;
  readonly names: RabbitNames;
  /** Every StartError that a bus told. */
  readonly fatal: StartError[];
  /** Every line that was logged. */
  readonly lines: string[];
  readonly open: (options?: Partial<RabbitBusOptions>) => Bus;
}

/** The deployments of one test, and the plain client beside them. */
export class RabbitDeployments {
  private static count = 0;
  private readonly buses: Bus[] = [];
  private readonly cleanUps: (() => Promise<unknown>)[] = [];

  constructor(private readonly url: string) {}

  add(lanes = LANES): RabbitDeployment {
    const prefix = `tmf${process.pid}x${(RabbitDeployments.count += 1)}`;
    const names = rabbitNames({ prefix, lanes });
    const settings = new Map<string, string>();
    const recorded = (name: string, value: string): Promise<string> => {
      const first = settings.get(name) ?? value;
      settings.set(name, first);
      return Promise.resolve(first);
    };
    const fatal: StartError[] = [];
    const lines: string[] = [];
    const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
    const onFatal = (error: StartError): void => void fatal.push(error);
    return {
      prefix,
      names,
      fatal,
      lines,
      open: (options = {}) => {
        const bus = openRabbitBus({ url: this.url, prefix, lanes, topology: 'declare', recorded, onFatal, log, ...options });
        this.buses.push(bus);
        return bus;
      },
    };
  }

  /** A channel of the plain client. */
  async client(): Promise<Channel> {
    const model = await connect(this.url);
    model.on('error', () => undefined); // a test that kills the broker kills this too
    this.cleanUps.push(() => model.close().catch(() => undefined));
    return model.createChannel();
  }

  async close(): Promise<void> {
    await Promise.all(this.buses.splice(0).map((bus) => bus.close()));
    await Promise.all(this.cleanUps.splice(0).map((cleanUp) => cleanUp()));
  }
}
