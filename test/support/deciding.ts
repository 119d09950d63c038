import { hash } from 'node:crypto';
import { decideBatch, type BatchContext, type DecidedBatch, type Item } from '../../src/batch.js';
import type { Loaded } from '../../src/batch-state.js';
import type { ResourceDefinition } from '../../src/handlers/definition.js';
import { partyRole } from '../../src/handlers/party-role.js';
import { References, type Surroundings } from '../../src/handlers/references.js';
import { representationOf } from '../../src/handlers/representation.js';
import { targetId } from '../../src/handlers/resource.js';
import type { Json } from '../../src/json.js';
import type { Action, Command, Message } from '../../src/message.js';

export const definition: ResourceDefinition = partyRole;

/** References are not looked at. */
export const unchecked = new References([definition], { missing: new Map([['*', 'off']]), deleted: new Map() }, () => false);

/** There is nothing else. */
export const ALONE: Surroundings = { resource: () => undefined, referrers: () => ({ found: [], more: false }) };

export const NOW = '2026-01-02T03:04:05.678Z';

/** A command as the envelope would make it. */
export function command(action: Action, fields: Partial<Command> & { data?: Json } = {}): Command {
  const id = fields.id ?? 'command-1';
  const source = fields.source ?? '/crm';
  return {
    hash: hash('sha256', JSON.stringify([source, id]), 'hex'),
    digest: hash('sha256', JSON.stringify([action, fields.subject, fields.contentType, fields.expectedRevision, fields.data]), 'hex'),
    id,
    source,
    type: `org.tmforum.partyRole.${action}`,
    resource: 'partyRole',
    action,
    contentType: action === 'patch' ? 'application/merge-patch+json' : 'application/json',
    ...fields,
  };
}

/** What deciding needs. */
export function context(overrides: Partial<BatchContext> = {}): BatchContext {
  return {
    commitId: 'here-000000000001',
    at: new Date(NOW),
    now: NOW,
    maxDepth: 20,
    representation: representationOf(() => 'https://api.example.com/tmf-api/partyRoleManagement/v4'),
    notifications: { source: '/partyRoleManagement', domain: 'partyRoleManagement' },
    references: unchecked,
    tombstoneMs: 60_000,
    maxContentBytes: 1_000_000,
    maxWriteBytes: 4_000_000,
    doubted: new Set(),
    ...overrides,
  };
}

/** A batch that needs to know nothing more. */
export function decided(items: readonly Item[], loaded: Loaded, inContext: BatchContext): DecidedBatch {
  const result = decideBatch(items, loaded, inContext);
  if (!('commit' in result)) throw new Error('it asks for more');
  return result;
}

export function message(fields: Partial<Message> = {}): Message {
  return {
    body: new Uint8Array(),
    headers: {},
    contentType: undefined,
    attributes: {},
    origin: { bus: 'memory', queue: 'commands', lane: 0 },
    redelivered: false,
    attempts: 1,
    acknowledge: () => undefined,
    ...fields,
  };
}

export function item(asked: Command, fields: Partial<Message> = {}): Item {
  return { message: message(fields), again: false, command: asked, definition, id: targetId(asked) };
}
