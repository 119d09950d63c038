import type { JsonObject } from '../json.js';
import type { RecordedEvent } from '../store/store.js';

/** A place in the stream of all events: the commit's position and the event's number in it, counted from 0. */
export interface Place {
  readonly position: number;
  readonly number: number;
}

/** A published event as hub and feed read it from the log; one object for all who read it, so what it is parsed to is made once, while anybody looks at it. */
export class LoggedEvent {
  /** Takes several times the memory of the text, so it is not held by whoever waits. */
  private parsed: WeakRef<JsonObject> | undefined;

  constructor(
    readonly place: Place,
    /** When it was committed. */
    readonly at: Date,
    readonly recorded: RecordedEvent,
  ) {}

  get id(): string {
    return this.recorded.id;
  }

  /** `partyRole` */
  get resource(): string {
    return this.recorded.key.slice(0, this.recorded.key.indexOf('.'));
  }

  /** `PartyRoleCreateEvent` */
  get eventType(): string {
    return this.recorded.key.slice(this.recorded.key.indexOf('.') + 1);
  }

  /** The CloudEvent. */
  get cloudEvent(): JsonObject {
    const known = this.parsed?.deref();
    if (known) return known;
    const parsed = JSON.parse(this.recorded.content) as JsonObject;
    this.parsed = new WeakRef(parsed);
    return parsed;
  }

  /** The TM Forum event envelope. */
  get envelope(): JsonObject {
    return this.cloudEvent['data'] as JsonObject;
  }
}
