import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { OutgoingCommand } from '../message.js';
import { type Caller, callerOf } from './caller.js';
import { IDEMPOTENCY_KEY_PATTERN } from './header-patterns.js';
import { badHeader, singleHeader } from './headers.js';
import type { HttpOptions } from './http-options.js';
import { expectedRevision } from './preconditions.js';
import type { RequestContext } from './request-context.js';

/** A write as the request names it. */
export interface Write {
  readonly resource: string;
  readonly action: 'create' | 'patch' | 'delete';
  /** Absent: the worker chooses the id. */
  readonly id: string | undefined;
  /** The request's path in its one spelling. */
  readonly path: string;
  /** Absent for a delete. */
  readonly content?: { readonly mediaType: string; readonly body: Uint8Array };
}

const IDEMPOTENCY_KEY = new RegExp(IDEMPOTENCY_KEY_PATTERN);

/**
 * The command that a write request stands for, in CloudEvents binary mode. With an `Idempotency-Key` its id is a hash of
 * caller, method, path and key, so the same request is the same command on every instance; else it is new.
 * @throws Refusal 400 or 412 for headers that are not valid.
 */
export function commandOf(request: IncomingMessage, context: RequestContext, write: Write, options: HttpOptions): OutgoingCommand {
  const caller = callerOf(request, options);
  const key = idempotencyKey(request);
  const id = key === undefined ? options.newId() : scopedId(caller, request.method ?? '', write.path, key);
  const revision = expectedRevision(request.headers['if-match']);
  return {
    resource: write.resource,
    key: write.id ?? id,
    attributes: {
      specversion: '1.0',
      id,
      type: `org.tmforum.${write.resource}.${write.action}`,
      time: options.now().toISOString(),
      ...caller,
      ...context,
      ...importMark(request),
      ...(write.id === undefined ? {} : { subject: write.id }),
      ...(revision === undefined ? {} : { expectedrevision: revision }),
    },
    ...(write.content ? { contentType: write.content.mediaType } : {}),
    body: write.content?.body ?? new Uint8Array(),
  };
}

/** @throws Refusal 400 when it is not 1 to 255 visible characters. */
function idempotencyKey(request: IncomingMessage): string | undefined {
  const key = singleHeader(request, 'Idempotency-Key');
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key)) throw badHeader('Idempotency-Key', 'must be 1 to 255 visible ASCII characters');
  return key;
}

/** `X-Imported: true` marks what a mass import writes, so that those who listen to events can tell. @throws Refusal 400 */
function importMark(request: IncomingMessage): { imported?: string } {
  const mark = singleHeader(request, 'X-Imported');
  if (mark !== undefined && mark !== 'true' && mark !== 'false') throw badHeader('X-Imported', 'must be true or false');
  return mark === 'true' ? { imported: mark } : {};
}

function scopedId(caller: Caller, method: string, path: string, key: string): string {
  return createHash('sha256').update(JSON.stringify([caller.authid ?? null, method, path, key])).digest('hex');
}
