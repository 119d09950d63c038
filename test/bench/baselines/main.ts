import { amqpLink } from './amqp-link.js';
import { natsLink } from './nats-link.js';
import { nullWorker } from './null-worker.js';

/** A process of its own for one hand-written worker: the kind is its argument, the rest comes as the service's settings do. */

const PREFETCH = 1000;

function env(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

async function main(kind: string | undefined): Promise<void> {
  const busUrl = env('BUS_URL');
  const lanes = Number(env('LANES'));
  const link = await (busUrl.startsWith('amqp') ? amqpLink : natsLink)(busUrl, env('PREFIX'), lanes);
  const prefetch = Math.floor(PREFETCH / lanes);
  switch (kind) {
    case 'null':
      return nullWorker(link, prefetch);
    default:
      throw new Error(`no worker of the kind ${kind}`);
  }
}

void main(process.argv[2]);
