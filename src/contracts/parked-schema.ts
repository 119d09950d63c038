import type { JsonObject } from '../json.js';
import { PARK_REASONS } from '../message.js';

const TEXT = { type: 'string' };

/** The data of the announcement of a message that was set aside, without its payload. */
export const PARKED_SCHEMAS: JsonObject = {
  ParkedMessage: {
    type: 'object',
    properties: {
      id: { ...TEXT, description: 'By which the operator finds it.' },
      reason: { enum: [...PARK_REASONS] },
      origin: {
        type: 'object',
        properties: { bus: TEXT, queue: TEXT, lane: { type: 'integer' }, sequence: { type: 'integer' } },
        required: ['bus', 'queue', 'lane'],
      },
      type: { ...TEXT, description: 'What it said that it is.' },
      subject: { ...TEXT, description: 'What it said that it is about.' },
    },
    required: ['id', 'reason', 'origin'],
  },
};
