import { randomUUID } from 'node:crypto';
import { definitions } from '../../src/handlers/index.js';
import { Api, json, list } from '../e2e/api.js';
import type { PlainClient } from '../support/plain-client.js';
import { sampleOf } from '../support/samples.js';
import { apiPath } from '../support/whole-service.js';
import { announcementOf, stateChangeOf } from './announcement.js';
import { onBothBrokers } from './running.js';

// The life of one of each resource, over REST and the bus in turn: one process for all of them.
onBothBrokers('resources', (running) => {
  it.each(definitions({ roleTypeDefault: true, lifeCycles: new Map() }))('$name', async (definition) => {
    const { service, client } = running();
    const { name, typeName } = definition;
    const { create, ordinary: [attribute, value], state, reference } = sampleOf(name);
    const api = new Api(service.url, apiPath(definition));
    const referred = randomUUID();
    const change = { contentType: 'application/merge-patch+json', type: `org.tmforum.${name}.patch` };

    const created = await api.post({ ...create, ...reference?.to(referred) });
    expect(created.status).toBe(201);
    const first = await json(created);
    const subject = first['id'] as string;
    const bodies: unknown[] = [first];
    const kinds = ['CreateEvent', 'AttributeValueChangeEvent'];
    const patched = await client.ask('structured', { ...change, subject, data: { [attribute]: value } });
    expect(patched).toMatchObject({ status: 200, headers: { ETag: '"2"' }, body: { [attribute]: value } });
    bodies.push(patched.body);
    if (state) {
      const [next] = state.next;
      const stated = await client.ask('binary', { ...change, subject, data: { [state.attribute]: next } });
      expect(stated).toMatchObject({ status: 200, headers: { ETag: '"3"' }, body: { [state.attribute]: next } });
      bodies.push(stated.body);
      kinds.push(stateChangeOf(definition));
      expect(await list(await api.get(`?id=${subject}&${state.attribute}=${next}&sort=${attribute}`))).toEqual([stated.body]);
    }
    if (reference) expect(await list(await api.get(`?${reference.path}=${referred}`))).toEqual([bodies.at(-1)]);
    expect(await json(await api.get(`/${subject}`))).toEqual(bodies.at(-1));
    expect(await client.ask('binary', { type: `org.tmforum.${name}.delete`, subject })).toMatchObject({ status: 204 });
    expect((await api.get(`/${subject}`)).status).toBe(404);
    bodies.push(bodies.at(-1));
    kinds.push('DeleteEvent');

    const about = (): PlainClient['events'] => client.events.filter(({ content }) => (JSON.parse(content) as { subject?: string }).subject === subject);
    await service.until('its events have arrived', () => about().length >= kinds.length);
    expect(about().map(({ key }) => key)).toEqual(kinds.map((kind) => `${name}.${typeName}${kind}`));
    const announced = about().map(({ content }) => announcementOf(definition, content));
    expect(announced.map(({ kind, revision, resource }) => [kind, revision, resource])).toEqual(kinds.map((kind, index) => [kind, index + 1, bodies[index]]));
    expect(announced.map(({ fieldPath }) => fieldPath).filter((path) => path !== undefined)).toEqual([attribute]);
  });
});
