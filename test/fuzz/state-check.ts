import { isDeepStrictEqual } from 'node:util';
import type { ResourceDefinition } from '../../src/handlers/definition.js';
import type { Representation } from '../../src/handlers/representation.js';
import type { JsonObject } from '../../src/json.js';
import type { OutgoingEvent } from '../../src/message.js';
import type { Store } from '../../src/store/store.js';
import { expectedSentinels } from './sentinels.js';

const EVERYTHING = 10_000_000;

/** Follows the events as a consumer does. */
export class EventReader {
  readonly faults: string[] = [];
  events = 0;
  announcements = 0;
  private readonly sequences = new Map<string, number>();

  read({ topic, content }: OutgoingEvent): void {
    try {
      const event = JSON.parse(content) as { subject: string; sequence?: string; data: unknown };
      if (topic === 'dead') this.announcements += 1;
      else this.take(event);
    } catch (error) {
      this.faults.push(`an event cannot be read (${String(error)}): ${content.slice(0, 200)}`);
    }
  }

  /** Revision of each resource as its events tell it. */
  sequenceOf(subject: string): number | undefined {
    return this.sequences.get(subject);
  }

  private take(event: { subject: string; sequence?: string }): void {
    this.events += 1;
    const sequence = Number(event.sequence);
    const before = this.sequences.get(event.subject) ?? 0;
    if (sequence !== before + 1) this.faults.push(`event ${sequence} of ${event.subject} follows ${before}`);
    this.sequences.set(event.subject, sequence);
  }
}

/** What is wrong with the stored state after `sentinels` valid commands among the hostile ones. */
export async function checkState(store: Store, definition: ResourceDefinition, representation: Representation, events: EventReader, sentinels: number): Promise<{ faults: string[]; resources: number }> {
  const faults: string[] = [];
  const { items } = await store.find(definition.name, { where: [], sort: [], offset: 0, limit: EVERYTHING, countMax: 0 });
  const expected = expectedSentinels(sentinels);
  for (const { id, revision, resource } of items) {
    const text = JSON.stringify(resource);
    const again = JSON.parse(text) as JsonObject;
    const invalid = definition.validate(again);
    if (invalid.length > 0) faults.push(`${id} is not valid: ${JSON.stringify(invalid).slice(0, 300)}`);
    if (JSON.stringify(again) !== text) faults.push(`${id} is not stored in its canonical form`);
    const represented = representation.represent(definition, resource);
    if (!isDeepStrictEqual(JSON.parse(JSON.stringify(represented)), represented)) faults.push(`${id} is not what its JSON says`);
    if (events.sequenceOf(id) !== revision) faults.push(`${id} has revision ${revision} and ${events.sequenceOf(id) ?? 'no'} events`);
    const sentinel = expected.get(id);
    if (sentinel && !(sentinel.revision === revision && isDeepStrictEqual(resource, sentinel.resource))) faults.push(`sentinel ${id} is ${revision} ${JSON.stringify(resource)}, not ${JSON.stringify(sentinel)}`);
    expected.delete(id);
  }
  for (const id of expected.keys()) faults.push(`sentinel ${id} is missing`);
  return { faults, resources: items.length };
}
