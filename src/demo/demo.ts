import { Readable } from 'node:stream';
import { customerViewPath } from '../api-paths.js';
import type { Config } from '../config.js';
import type { JsonObject } from '../json.js';
import type { OpenPorts } from '../tool-ports.js';
import { definitionOf, PATIENCE_MS } from '../transfer/import-tool.js';
import { linesOf } from '../transfer/lines.js';
import { load } from '../transfer/load.js';
import type { DemoTask } from '../transfer/transfer-arguments.js';
import customers from './customers.json';
import { placeOf, type DemoPlace } from './demo-place.js';

const SOURCE = '/demo';
const INDENT = 2;

const records = customers.resources as unknown as Readonly<Record<string, readonly (JsonObject & { readonly id: string })[]>>;

/** Loads the demo's customers, then shows one of them and the events of all; answers the exit code. */
export async function runDemo(config: Config, task: DemoTask, ports: OpenPorts): Promise<number> {
  const place = await placeOf(config, task.url, ports);
  say(place.described);
  try {
    const refused = await loadAll(config, place);
    await showCustomer(config, place.url);
    await showEvents(place);
    return refused > 0 ? 1 : 0;
  } finally {
    await place.close();
  }
}

async function loadAll(config: Config, place: DemoPlace): Promise<number> {
  let refused = 0;
  for (const [resource, all] of Object.entries(records)) {
    const counts = { created: 0, alreadyThere: 0, refused: 0, blank: 0 };
    const origin = { definition: definitionOf(config, resource), source: SOURCE, maxDepth: config.maxDepth };
    // One after the other, so that what is referred to is there first.
    const options = { origin, target: place.targetOf(origin), concurrency: 1, patienceMs: PATIENCE_MS, maxBytes: config.bodyLimitBytes };
    const text = all.map((record) => `${JSON.stringify(record)}\n`).join('');
    for await (const { kind, id, fault } of load(linesOf(Readable.from([Buffer.from(text)]), config.bodyLimitBytes), options)) {
      counts[kind] += 1;
      if (kind === 'refused') say(`  ${String(id)} is refused: ${String(fault)}`);
    }
    refused += counts.refused;
    say(`  ${resource}: ${counts.created} created, ${counts.alreadyThere} already there, ${counts.refused} refused`);
  }
  return refused;
}

async function showCustomer({ basePath }: Config, url: string): Promise<void> {
  const address = `${url}${customerViewPath(basePath)}/${customers.shown}`;
  say(`\nGET ${address}`);
  try {
    const answer = await fetch(address);
    const body = await answer.text();
    say(`${answer.status} ${answer.ok ? JSON.stringify(JSON.parse(body), undefined, INDENT) : body}`);
  } catch {
    say('No service with the role http answers there; --url names another one.');
  }
}

async function showEvents({ eventsOf }: DemoPlace): Promise<void> {
  if (!eventsOf) {
    say('\nThe events are in the log of the service (LOG_LEVEL=debug); with its ADMIN_TOKEN in the environment they are shown here.');
    return;
  }
  say('\nEvents of these resources, as they were loaded:');
  for (const [resource, all] of Object.entries(records)) {
    for (const { id } of all) for (const event of await eventsOf(resource, id)) say(`  ${event}  ${id}`);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
