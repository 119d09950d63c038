import { createHash } from 'node:crypto';

/** One command as its producer knows it. */
export interface SentCommand {
  /** The role's id: the CloudEvents subject. */
  readonly role: string;
  /** The producer's order within the role, from 0. */
  readonly number: number;
  /** CloudEvents id. */
  readonly id: string;
  readonly source: string;
  readonly action: 'create' | 'patch' | 'delete';
  readonly expectedrevision?: string;
  readonly contentType: string;
  readonly data?: unknown;
  /** How often it was sent in all: unconfirmed sends are repeated with the same id, and some are repeated on purpose. */
  sends: number;
  confirmed: boolean;
}

/** What the producers asked for, each role's commands in the order in which they were confirmed. */
export interface Journal {
  readonly seed: number;
  readonly commands: readonly SentCommand[];
}

/** What identifies a command in the commit log: SHA-256 of source and id, hex. */
export function commandHash(source: string, id: string): string {
  return createHash('sha256').update(JSON.stringify([source, id])).digest('hex');
}

/** What a command says, beyond its identity: tells a repetition from an id that is used again for something else. */
export function contentKey(command: Omit<SentCommand, 'number' | 'sends' | 'confirmed'>): string {
  const { source, id, action, role, expectedrevision = null, contentType, data = null } = command;
  return createHash('sha256').update(JSON.stringify([source, id, action, role, expectedrevision, contentType, data])).digest('hex');
}
