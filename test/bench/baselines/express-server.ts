import { randomUUID } from 'node:crypto';
import express, { type Express } from 'express';
import type { Db } from 'mongodb';
import type { JsonObject } from '../../../src/json.js';
import { mergePatch } from './merge-patch.js';
import type { RoleDocument } from './role-change.js';

export const EXPRESS_PATH = '/partyRole';
const PAGE_DEFAULT = 100;
const PAGE_MAX = 1000;

/**
 * A REST service as it is written in an afternoon: Express, and each request straight to the database, with durable writes.
 * Left out: events, the bus, repeated requests, lost updates of two patches at once, entity tags and preconditions, total
 * counts, paging links, fields and every filter but `name`, validation, TM Forum errors, correlation, limits, logs.
 */
export async function expressServer(db: Db): Promise<Express> {
  const roles = db.collection<RoleDocument>('roles');
  await roles.createIndex({ name: 1 });
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(express.json({ type: ['application/json', 'application/merge-patch+json'] }));

  app.post(EXPRESS_PATH, async (request, response) => {
    const content = request.body as JsonObject;
    const role = { ...content, _id: typeof content['id'] === 'string' ? content['id'] : randomUUID() };
    await roles.insertOne(role);
    response.status(201).location(href(role._id)).json(represent(role));
  });
  app.get(EXPRESS_PATH, async (request, response) => {
    const { name, limit } = request.query;
    const wanted = typeof name === 'string' ? { name } : {};
    const found = await roles.find(wanted).limit(Math.min(Number(limit ?? PAGE_DEFAULT), PAGE_MAX)).toArray();
    response.json(found.map(represent));
  });
  app.get(`${EXPRESS_PATH}/:id`, async (request, response) => {
    const role = await roles.findOne({ _id: request.params.id });
    if (role) response.json(represent(role));
    else response.sendStatus(404);
  });
  app.patch(`${EXPRESS_PATH}/:id`, async (request, response) => {
    const before = await roles.findOne({ _id: request.params.id });
    if (!before) {
      response.sendStatus(404);
      return;
    }
    const after = { ...mergePatch(before, request.body as JsonObject), _id: before._id };
    await roles.replaceOne({ _id: after._id }, after);
    response.json(represent(after));
  });
  return app;
}

function represent({ _id, ...role }: RoleDocument): JsonObject {
  return { ...role, id: _id, href: href(_id) };
}

function href(id: string): string {
  return `${EXPRESS_PATH}/${id}`;
}
