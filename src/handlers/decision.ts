import type { JsonObject } from '../json.js';
import type { Reply } from '../message.js';
import type { Guard, RecordedEvent, StoredResource } from '../store/store.js';
import type { NotificationSettings } from './notification.js';
import type { References } from './references.js';
import type { Representation } from './representation.js';

/** What deciding needs beside the command and the state: nothing of it is read from the outside world. */
export interface DecisionContext {
  /** The time of the decision, UTC text. */
  readonly now: string;
  /** Levels of arrays and objects that a resource may have. */
  readonly maxDepth: number;
  readonly representation: Representation;
  readonly notifications: NotificationSettings;
  readonly references: References;
}

/** A resource's state as the decisions before this one left it. `revision` counts on over tombstones. */
export type Current = Pick<StoredResource, 'revision' | 'resource' | 'deleted'> | undefined;

export interface Change {
  readonly type: string;
  readonly id: string;
  readonly revision: number;
  readonly resource: JsonObject;
  readonly deleted: boolean;
}

export interface Decision {
  readonly reply: Reply;
  /** Usually one; none when nothing changed. */
  readonly changes: readonly Change[];
  /** Resources that were relied on and must still be as they were read. */
  readonly relied: readonly Guard[];
  readonly events: readonly RecordedEvent[];
  /** What the sender should know though it was accepted. */
  readonly warnings: readonly string[];
}
