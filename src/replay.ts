import { v5 as uuidv5 } from 'uuid';
import type { Bus } from './bus/bus.js';
import type { ResourceDefinition } from './handlers/definition.js';
import { NAMESPACE, schemaUrn, sequenceOf, type SchemaUri } from './handlers/notification.js';
import type { Representation } from './handlers/representation.js';
import type { OutgoingEvent } from './message.js';
import type { LoggedCommit, RecordedEvent, Store, StoredResource } from './store/store.js';

/** A commit may have some megabytes, and these are in memory together. */
const LOG_PAGE = 20;
const SCAN_PAGE = 100;
/** Events without their confirmation at a time; of one resource it is one. */
const UNCONFIRMED = 100;

type Republish = Pick<Bus, 'republish'>;

export interface ReplayFilter {
  /** Behind this position of the log: where an earlier run ended. */
  readonly after?: number;
  /** Committed at this time or later. */
  readonly from?: Date;
  /** Committed at this time or earlier. */
  readonly to: Date;
  /** `PartyRoleCreateEvent`, or the CloudEvents type in full. */
  readonly type?: string;
  /** Id of the resource. */
  readonly subject?: string;
}

/** Where in the log. */
export interface Place {
  readonly position: number;
  readonly at: Date;
}

export interface ReplayProgress {
  /** Events confirmed so far. */
  readonly published: number;
  readonly first: Place;
  /** Everything up to here is done. */
  readonly last: Place;
  /** What was committed before `first` is no longer kept. */
  readonly logBegins: boolean;
}

/**
 * Publishes the events of the log again, with their ids and the extension `replayed`, in the log's order for each resource.
 * Yields after each page; nothing when the log has no such commit.
 * @throws what `republish` throws; what was yielded before is done.
 */
export async function* replay(store: Store, bus: Republish, filter: ReplayFilter, destination?: string): AsyncGenerator<ReplayProgress> {
  let published = 0;
  let start: Pick<ReplayProgress, 'first' | 'logBegins'> | undefined;
  for (let after = filter.after ?? 0; ; ) {
    const page = await store.readLog(after, LOG_PAGE, filter);
    const last = page.at(-1);
    if (!last) return;
    start ??= await startOf(store, page);
    const events = page.flatMap(({ entries }) => entries.flatMap((entry) => entry.events)).filter((event) => isWanted(event, filter));
    await inOrder(events, (event) => bus.republish({ ...event, content: marked(event.content) }, destination));
    published += events.length;
    yield { published, ...start, last: placeOf(last) };
    after = last.position;
  }
}

/**
 * Publishes the current state of every resource of a type as an event `org.tmforum.<resource>.snapshot`; its id is the same as
 * long as the resource is. Yields how many are confirmed so far.
 * @throws what `republish` throws.
 */
export async function* snapshot(store: Store, bus: Republish, snapshots: SnapshotOptions, destination?: string): AsyncGenerator<number> {
  let published = 0;
  for (let after = ''; ; ) {
    const page = await store.scan(snapshots.definition.name, after, SCAN_PAGE);
    const last = page.at(-1);
    if (!last) return;
    const events = page.map((stored) => ({ ...snapshotEvent(stored, snapshots), order: stored.id }));
    await inOrder(events, (event) => bus.republish(event, destination));
    yield (published += page.length);
    after = last.id;
  }
}

export interface SnapshotOptions {
  readonly definition: ResourceDefinition;
  readonly representation: Representation;
  /** CloudEvents `source`, as of the notifications. */
  readonly source: string;
  /** Default `schemaUrn`. */
  readonly schemaUri?: SchemaUri;
  readonly now: () => Date;
}

function snapshotEvent({ id, revision, resource }: StoredResource, { definition, representation, source, schemaUri = schemaUrn, now }: SnapshotOptions): OutgoingEvent {
  const { name, schemas } = definition;
  const eventId = uuidv5(`snapshot/${name}/${id}/${revision}`, NAMESPACE);
  const event = {
    specversion: '1.0',
    id: eventId,
    source,
    type: `org.tmforum.${name}.snapshot`,
    subject: id,
    time: now().toISOString(),
    datacontenttype: 'application/json',
    dataschema: schemaUri(definition, schemas.whole),
    sequence: sequenceOf(revision),
    partitionkey: id,
    replayed: true,
    data: representation.seen(definition, resource),
  };
  return { topic: 'events', key: `${name}.snapshot`, id: eventId, content: JSON.stringify(event) };
}

async function startOf(store: Store, [first]: readonly LoggedCommit[]): Promise<Pick<ReplayProgress, 'first' | 'logBegins'>> {
  const place = placeOf(first as LoggedCommit);
  if (place.position === 1) return { first: place, logBegins: false };
  const [before] = await store.readLog(place.position - 2, 1);
  return { first: place, logBegins: before?.position !== place.position - 1 };
}

function placeOf({ position, at }: LoggedCommit): Place {
  return { position, at };
}

/** Announcements of parked messages are for operators and are not repeated. */
function isWanted({ topic, key, order }: RecordedEvent, { type, subject }: ReplayFilter): boolean {
  if (topic !== 'events') return false;
  if (type !== undefined && type !== `org.tmforum.${key}` && type !== key.slice(key.indexOf('.') + 1)) return false;
  return subject === undefined || subject === order.slice(order.indexOf('/') + 1);
}

/** The event's text is this project's own, so it ends with its brace. */
function marked(content: string): string {
  return `${content.slice(0, -1)},"replayed":true}`;
}

/** Runs `publish` for each event, those of one order one after the other, and resolves when all are confirmed. */
async function inOrder<Event extends { readonly order: string }>(events: readonly Event[], publish: (event: Event) => Promise<void>): Promise<void> {
  const byOrder = new Map<string, Event[]>();
  for (const event of events) {
    const queue = byOrder.get(event.order);
    if (queue) queue.push(event);
    else byOrder.set(event.order, [event]);
  }
  const queues = byOrder.values();
  const work = async (): Promise<void> => {
    for (const queue of queues) for (const event of queue) await publish(event);
  };
  await Promise.all(Array.from({ length: UNCONFIRMED }, work));
}
