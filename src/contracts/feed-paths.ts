import type { JsonObject } from '../json.js';
import { cloudEventName } from './cloud-events.js';
import type { Contract, ContractApi } from './contract.js';
import { errorResponses } from './errors.js';
import { eventTypesOf } from './event-schemas.js';
import { parameters } from './parameters.js';
import { ref, refTo } from './resource-components.js';
import { responseHeaders } from './response-headers.js';

const TEXT = { type: 'string' };

/** The events of one API, for those who have neither the bus nor a callback. */
export function feedPaths({ path, definitions }: ContractApi, { feed }: Contract): JsonObject {
  if (!feed) return {};
  const events = definitions.flatMap((definition) => eventTypesOf(definition).map((eventType) => ({ definition, eventType })));
  const envelopes = events.map(({ definition, eventType }) => refTo(definition, eventType));
  return {
    [`${path}/events`]: {
      get: {
        operationId: `events${definitions.map(({ typeName }) => typeName).join('')}`,
        tags: ['Notifications'],
        summary: 'Reads the events of this API, in the order of the log',
        description: 'As a page, or as a stream that stays open (`Accept: text/event-stream`): each event with its cursor as `id`, its type as `event` and its envelope as `data`.',
        parameters: [
          { name: 'after', in: 'query', description: 'The cursor to go on behind; `now`: the end of the log; absent: a page begins with the oldest event that is kept, a stream at the end.', schema: TEXT },
          { name: 'limit', in: 'query', description: 'Events on a page.', schema: { type: 'integer', minimum: 1, maximum: feed.most, default: feed.usual } },
          { name: 'fields', in: 'query', description: 'What to send of the envelope; a name that it does not have is an attribute of the resource.', schema: TEXT },
          ...parameters('filter'),
          { name: 'Last-Event-ID', in: 'header', description: 'Where a stream goes on after a break.', schema: TEXT },
        ],
        responses: {
          200: {
            description: 'The events behind the cursor.',
            headers: {
              ...responseHeaders('Link', 'X-Next-Cursor', 'Warning'),
              'X-Result-Count': { description: 'Of a page: how many are in it.', schema: { type: 'string', pattern: '^\\d+$' } },
              'X-Accel-Buffering': { description: 'Of a stream: proxies are to pass each event on at once.', schema: { const: 'no' } },
            },
            content: {
              'application/json': { schema: { type: 'array', items: { anyOf: [...envelopes, ref('SelectedEvent')] } } },
              'application/cloudevents-batch+json': { schema: { type: 'array', items: { anyOf: [...events.map(({ eventType }) => ref(cloudEventName(eventType))), ref('SelectedCloudEvent')] } } },
              'text/event-stream': { schema: TEXT },
            },
          },
          ...errorResponses(400, 406, 410),
        },
      },
    },
  };
}
