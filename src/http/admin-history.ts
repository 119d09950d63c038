import type { Request } from 'express';
import { entityTag } from '../entity-tag.js';
import { Refusal } from '../errors.js';
import type { ResourceDefinition } from '../handlers/definition.js';
import { History, type Change, type Subject } from '../history.js';
import { withoutUndefined, type JsonObject } from '../json.js';
import { bad, countOf, timeOf } from '../parked-selection.js';
import { readQuery } from './admin-query.js';
import { rawQueryOf, type ApiResponse } from './exchange.js';
import type { AdminOptions, HttpOptions } from './http-options.js';
import { respond } from './json-response.js';

const PAGE_DEFAULT = 20;
const PAGE_MAX = 100;

export type PastRequest = Request<{ resource: string; id: string }, unknown, unknown, unknown>;

/** The past of resources: who changed them, and how they were. */
export function historyHandlers(options: HttpOptions, { definitions, retentionMs }: AdminOptions) {
  const history = new History(options.store, retentionMs, options.now);

  async function changes(request: PastRequest, response: ApiResponse): Promise<void> {
    const { subject } = subjectOf(request);
    const { limit, before } = readQuery(rawQueryOf(request), ['limit', 'before']);
    const size = limit === undefined ? PAGE_DEFAULT : countOf('limit', limit, PAGE_MAX);
    const page = await history.changes(subject, size, before === undefined ? undefined : revisionOf('before', before));
    // `next` is the `before` of the next page.
    const body = { changes: page.changes.map(changeView), next: page.more ? page.changes.at(-1)?.revision : undefined, oldest: page.oldest };
    respond(response, { status: 200, headers: {}, body: withoutUndefined(body) as JsonObject });
  }

  async function state(request: PastRequest, response: ApiResponse): Promise<void> {
    const { subject, definition } = subjectOf(request);
    const { revision, at } = readQuery(rawQueryOf(request), ['revision', 'at']);
    if ((revision === undefined) === (at === undefined)) throw bad('revision', 'either this or at must be given');
    const past = revision === undefined ? await history.atTime(subject, timeOf('at', at ?? '')) : await history.atRevision(subject, revisionOf('revision', revision));
    respond(response, { status: 200, headers: { ETag: entityTag(past.revision) }, body: options.representation.seen(definition, past.resource) });
  }

  function subjectOf({ params: { resource, id } }: PastRequest): { subject: Subject; definition: ResourceDefinition } {
    const definition = definitions.find(({ name }) => name === resource);
    if (!definition) throw new Refusal(404, 'There is no such resource', [{ at: 'path', problem: resource.slice(0, 100) }]);
    return { subject: { type: resource, id }, definition };
  }

  return { changes, state };
}

function changeView({ revision, at, command, status, events }: Change): JsonObject {
  return { revision, at: at.toISOString(), command: { ...command }, status, events: events.map((event) => ({ ...event })) };
}

function revisionOf(name: string, text: string): number {
  return countOf(name, text, Number.MAX_SAFE_INTEGER);
}
