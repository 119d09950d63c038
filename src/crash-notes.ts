import type { Logger } from 'pino';
import { textOf } from './errors.js';
import { hold } from './hold.js';
import type { Message } from './message.js';
import { identityOf } from './message-identity.js';
import type { Note, Store } from './store/store.js';

/** Who still lives so long after it began did not die of it: it waits for a database or a bus. */
const SURVIVED_MS = 5_000;

/** Messages to try in one go, in order. */
interface Part {
  readonly messages: Message[];
  /** How its redelivered messages are noted. */
  readonly note: Note;
}

/**
 * Finds the message that kills whoever tries it. Delivery counts cannot tell it from its neighbours, so redelivered messages
 * are noted in the store before they are tried. Those found noted after another crash are tried one by one, each noted as
 * alone; one that is found noted as alone is condemned: it has killed twice, the second time with nothing else in hand.
 */
export class CrashNotes {
  constructor(
    private readonly store: Store,
    private readonly signal: AbortSignal,
    private readonly log: Logger,
  ) {}

  /**
   * Tries a batch, as a whole unless some of it was noted before; `condemned` says which messages to set aside untried.
   * Notes stay only when `attempt` dies soon, or throws for another reason than the end of the worker.
   */
  async guard(messages: Message[], attempt: (messages: Message[], condemned: ReadonlySet<Message>) => Promise<void>): Promise<void> {
    const suspects = new Map(messages.filter((message) => message.redelivered).map((message) => [message, identityOf(message)]));
    if (suspects.size === 0) return attempt(messages, new Set());
    const notes = await this.held('reading crash notes', () => this.store.notes([...suspects.values()]));
    const noteOf = (message: Message): Note | undefined => notes.get(suspects.get(message) ?? '');
    const condemned = new Set(messages.filter((message) => noteOf(message) === 'alone'));
    for (const part of partsOf(messages, (message) => noteOf(message) === 'together')) {
      const tried = part.messages.flatMap((message) => suspects.get(message) ?? []);
      const risky = part.messages.filter((message) => !condemned.has(message)).flatMap((message) => suspects.get(message) ?? []);
      if (risky.length > 0) await this.held('writing crash notes', () => this.store.writeNotes(risky, part.note));
      const survived = setTimeout(() => void this.remove(tried), SURVIVED_MS).unref();
      try {
        await attempt(part.messages, condemned);
        await this.remove(tried);
      } catch (error) {
        if (this.signal.aborted) await this.remove(tried);
        throw error;
      } finally {
        clearTimeout(survived);
      }
    }
  }

  private held<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    return hold(what, attempt, this.signal, this.log);
  }

  /** A note that stays behind does no harm: its message is done, and answered from its receipt if it comes again. */
  private async remove(messages: readonly string[]): Promise<void> {
    if (messages.length === 0) return;
    try {
      await this.store.removeNotes(messages);
    } catch (error) {
      this.log.warn({ reason: textOf(error) }, 'crash notes could not be removed; they vanish by themselves');
    }
  }
}

/** In order: each message that must stand alone by itself, and what lies between as one part. */
function partsOf(messages: readonly Message[], standsAlone: (message: Message) => boolean): Part[] {
  const parts: Part[] = [];
  for (const message of messages) {
    const last = parts.at(-1);
    if (standsAlone(message)) parts.push({ messages: [message], note: 'alone' });
    else if (last?.note === 'together') last.messages.push(message);
    else parts.push({ messages: [message], note: 'together' });
  }
  return parts;
}
