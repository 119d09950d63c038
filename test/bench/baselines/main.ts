import { MongoClient } from 'mongodb';
import { amqpLink } from './amqp-link.js';
import { expressServer } from './express-server.js';
import { groupedWorker } from './grouped-worker.js';
import type { Link } from './link.js';
import { naiveWorker } from './naive-worker.js';
import { natsLink } from './nats-link.js';
import { nullWorker } from './null-worker.js';
import { plainWorker } from './plain-worker.js';

/** A process of its own for one hand-written worker or server: the kind is its argument, the rest comes as the service's settings do. */

const PREFETCH = 2000;
/** Commands at a time, and connections, of whoever works with the database: half as many made it slower, twice as many no faster. */
const AT_A_TIME = 64;

function env(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

function openLink(lanes: number): Promise<Link> {
  const busUrl = env('BUS_URL');
  return (busUrl.startsWith('amqp') ? amqpLink : natsLink)(busUrl, env('PREFIX'), lanes);
}

function openMongo(): MongoClient {
  return new MongoClient(env('STORE_URL'), { writeConcern: { w: 'majority', journal: true }, maxPoolSize: AT_A_TIME });
}

async function main(kind: string): Promise<void> {
  // Else the signal ends the process before a CPU profile is written.
  process.once('SIGINT', () => process.exit());
  const lanes = Number(env('LANES'));
  switch (kind) {
    case 'null':
      return nullWorker(await openLink(lanes), Math.floor(PREFETCH / lanes));
    case 'grouped':
      return groupedWorker(await openLink(lanes), openMongo(), Math.floor(PREFETCH / lanes));
    case 'plain':
      return plainWorker(await openLink(lanes), openMongo().db(), Math.floor(AT_A_TIME / lanes));
    case 'naive': {
      const client = openMongo();
      return naiveWorker(await openLink(lanes), client, client.db(), Math.floor(AT_A_TIME / lanes));
    }
    case 'express': {
      const app = await expressServer(openMongo().db());
      app.listen(Number(env('PORT')), '127.0.0.1');
      return;
    }
    default:
      throw new Error(`nothing of the kind ${kind}`);
  }
}

void main(process.argv[2] ?? '');
