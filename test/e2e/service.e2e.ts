import { CloudEvent } from 'cloudevents';
import type { PlainClient, Seen } from '../support/plain-client.js';
import { startService, type Service } from '../support/service.js';
import { Api, json, list } from './api.js';

export interface Pair {
  readonly settings: Readonly<Record<string, string>>;
  /** Somebody else on the same bus; undefined where there is no bus to reach from outside. */
  readonly client: PlainClient | undefined;
  close(): Promise<void>;
}

interface Run {
  readonly pair: Pair;
  service: Service;
  api: Api;
}

/** Starts the service before the tests and ends everything after them; `run().service` is the one that runs now. */
function runOn(open: () => Promise<Pair>): () => Run {
  let run: Run | undefined;
  beforeAll(async () => {
    const pair = await open();
    run = { pair, ...(await started(pair)) };
  }, 120_000);
  afterAll(async () => {
    await run?.service.stop();
    await run?.pair.client?.close();
    await run?.pair.close();
  }, 60_000);
  return () => {
    if (!run) throw new Error('nothing runs');
    return run;
  };
}

async function started(pair: Pair, settings: Readonly<Record<string, string>> = {}): Promise<Pick<Run, 'service' | 'api'>> {
  const service = await startService({ ...pair.settings, ...settings });
  return { service, api: new Api(service.url) };
}

/** What the service must do as a whole, on any pair of bus and database: a real process, real HTTP, an independent consumer. */
export function serviceSuite(open: () => Promise<Pair>): void {
  const run = runOn(open);
  let pair: Pair;
  let service: Service;
  let api: Api;
  beforeEach(() => ({ pair, service, api } = run()));

  /** Events about one role, as the outside sees them; where nothing is outside, as the debug log shows them. */
  function eventsOf(id: string): CloudEvent<Record<string, unknown>>[] {
    const contents = pair.client ? pair.client.events.map((event) => event.content) : service.log.filter((line) => line['msg'] === 'event content').map((line) => String(line['event']));
    return contents.map((content) => new CloudEvent<Record<string, unknown>>(JSON.parse(content) as Record<string, unknown>, true)).filter((event) => event.subject === id);
  }

  const typesOf = (id: string): string[] => eventsOf(id).map((event) => event.type.replace('org.tmforum.partyRole.', ''));

  async function created(body: Record<string, unknown>): Promise<string> {
    const response = await api.post(body);
    expect(response.status).toBe(201);
    return (await json(response))['id'] as string;
  }

  describe.each([1, 2])('the full life of a role, round %i', () => {
    it('is what a conformance run expects', async () => {
      for (const name of ['Other A', 'Other B']) await created({ name, status: 'other' });
      const name = `Seller ${Math.random()}`;
      const post = await api.post({ name, roleType: {}, engagedParty: { id: 'p1', '@referredType': 'Individual' }, validFor: { startDateTime: '2024-01-01T00:00+0100' } });
      expect(post.status).toBe(201);
      const role = await json(post);
      const { id } = role as { id: string };
      expect(role).toEqual({
        id,
        href: `/tmf-api/partyRoleManagement/v4/partyRole/${id}`,
        name,
        roleType: {},
        '@type': 'PartyRole',
        engagedParty: { id: 'p1', '@referredType': 'Individual' },
        validFor: { startDateTime: '2023-12-31T23:00:00.000Z' },
      });
      expect([post.headers.get('location'), post.headers.get('etag')]).toEqual([role['href'], '"1"']);

      const all = await api.get();
      expect(all.status).toBe(200);
      const roles = await list(all);
      expect(roles.length).toBeGreaterThanOrEqual(3);
      expect(all.headers.get('x-result-count')).toBe(String(roles.length));
      expect(roles).toContainEqual(role);

      expect(await list(await api.get(`?name=${encodeURIComponent(name)}`))).toEqual([role]);
      expect(await list(await api.get(`?id=${id}`))).toEqual([role]);
      expect(await list(await api.get(`?name=${encodeURIComponent(name)}&fields=name`))).toEqual([{ id, href: role['href'], name }]);
      const one = await api.get(`/${id}`);
      expect([one.status, await json(one)]).toEqual([200, role]);
      expect(await json(await api.get(`/${id}?fields=name`))).toEqual({ id, href: role['href'], name });
      expect((await api.get(`/${id}`, { 'if-none-match': one.headers.get('etag') ?? '' })).status).toBe(304);

      const patch = await api.patch(id, { status: 'active' });
      expect([patch.status, await json(patch), patch.headers.get('etag')]).toEqual([200, { ...role, status: 'active' }, '"2"']);
      expect(await list(await api.get(`?status=active&id=${id}`))).toEqual([{ ...role, status: 'active' }]);

      const removed = await api.delete(id);
      expect([removed.status, await removed.text()]).toEqual([204, '']);
      const gone = await api.get(`/${id}`);
      expect([gone.status, await json(gone)]).toEqual([404, expect.objectContaining({ '@type': 'Error', code: '404', status: '404', reason: expect.any(String) as string })]);
      expect((await api.delete(id)).status).toBe(404);

      await service.until('its events have arrived', () => eventsOf(id).length >= 3);
      expect(typesOf(id)).toEqual(['PartyRoleCreateEvent', 'PartyRoleStateChangeEvent', 'PartyRoleDeleteEvent']);
      expect(eventsOf(id).map((event) => [event['sequence'], (event.data?.['event'] as Record<string, unknown>)['partyRole']])).toEqual([
        ['0000000000000001', role],
        ['0000000000000002', { ...role, status: 'active' }],
        ['0000000000000003', { ...role, status: 'active' }],
      ]);
    });
  });

  it('makes two roles of the same body, and one of the same Idempotency-Key', async () => {
    const [one, other] = [await created({ name: 'Twin' }), await created({ name: 'Twin' })];
    expect(one).not.toBe(other);
    const key = { 'idempotency-key': `k-${Math.random()}` };
    const first = await api.post({ name: 'Once' }, key);
    const again = await api.post({ name: 'Once' }, key);
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([201, await first.text(), '"1"']);
    const reused = await api.post({ name: 'Something else' }, key);
    expect(reused.status).toBe(422);
  });

  it('keeps to If-Match on every write', async () => {
    const id = await created({ name: 'Guarded' });
    expect((await api.patch(id, { name: 'x' }, { 'if-match': '"7"' })).status).toBe(412);
    expect((await api.patch(id, { name: 'x' }, { 'if-match': '"1"' })).status).toBe(200);
    expect((await api.delete(id, { 'if-match': '"1"' })).status).toBe(412);
    expect((await api.delete(id, { 'if-match': '"2"' })).status).toBe(204);
  });

  it('applies every patch kind', async () => {
    const id = await created({ name: 'Patched', relatedParty: [{ id: 'a', role: 'x' }, { id: 'b', role: 'y' }] });
    const patched = async (type: string, body: unknown): Promise<unknown> => {
      const response = await api.patch(id, body, { 'content-type': type });
      return response.ok ? await response.json() : response.status;
    };
    expect(await patched('application/merge-patch+json; charset=utf-8', { nick: 'm' })).toMatchObject({ nick: 'm' });
    expect(await patched('application/json-patch+json', [{ op: 'test', path: '/nick', value: 'm' }, { op: 'replace', path: '/nick', value: 'j' }])).toMatchObject({ nick: 'j' });
    expect(await patched('application/json-patch-query+json', [{ op: 'replace', path: '/relatedParty/role?id=b', value: 'z' }])).toMatchObject({ relatedParty: [{ role: 'x' }, { role: 'z' }] });
    expect(await patched('application/json-patch+json', [{ op: 'test', path: '/nick', value: 'm' }])).toBe(409);
    expect(await patched('text/plain', 'x')).toBe(415);
    expect(await patched('application/json', { id: 'other' })).toBe(400);
  });

  it('answers every fault of a body with its pointer', async () => {
    const response = await api.post({ status: 1, relatedParty: [{}] });
    expect(response.status).toBe(400);
    const message = String((await json(response))['message']);
    for (const pointer of ['/name', '/status', '/relatedParty/0']) expect(message).toContain(`${pointer}: `);
  });

  it('carries correlation and trace context from the request to the event and the log', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const response = await api.post({ name: 'Traced' }, { 'x-correlation-id': 'corr-1', traceparent });
    const { id } = (await json(response)) as { id: string };
    expect(response.headers.get('x-correlation-id')).toBe('corr-1');
    await service.until('its event has arrived', () => eventsOf(id).length > 0);
    expect(eventsOf(id)[0]).toMatchObject({ correlationid: 'corr-1', traceparent, data: { correlationId: 'corr-1' } });
    const said = (msg: string): boolean => service.log.some((line) => line['msg'] === msg && line['correlationid'] === 'corr-1' && line['traceparent'] === traceparent);
    await service.until('the log tells of it', () => said('command answered') && said('event published'));
  });

  it('keeps any attribute name', async () => {
    const text = '{"name":"Odd","$ref":"x","$id":1,"a.b":{"$gt":""},"__proto__":{"p":1},"_bsontype":"ObjectId","":0,"ü\\u0000":[null]}';
    const response = await api.post(text);
    const body = await response.text();
    expect([response.status, body]).toEqual([201, expect.stringContaining('"__proto__":{"p":1}')]);
    const { id } = JSON.parse(body) as { id: string };
    expect(await (await api.get(`/${id}`)).text()).toBe(body);
  });

  it('keeps its state over a kill and a restart, and stops in order on SIGTERM', async () => {
    const id = await created({ name: 'Lasting' });
    await service.kill();
    ({ service, api } = Object.assign(run(), await started(pair)));
    expect(await json(await api.get(`/${id}`))).toMatchObject({ name: 'Lasting' });
    // Where lanes are leased, those of the killed process are free only when its leases end: a 504 is repeated safely.
    const key = { 'idempotency-key': `after-kill-${id}` };
    await service.until('commands are applied again', async () => (await api.patch(id, { status: 'active' }, key)).status === 200);
    expect(await service.stop()).toBe(0);
    ({ service, api } = Object.assign(run(), await started(pair)));
    expect((await api.get(`/${id}`)).headers.get('etag')).toBe('"2"');
  }, 90_000);

  it('announces what it answered, killed right after the answer', async () => {
    const ids: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const key = { 'idempotency-key': `announced-${Math.random()}` };
      await service.until('commands are applied again', async () => {
        const response = await api.post({ name: 'Announced' }, key);
        if (response.status === 201) ids.push((await json(response))['id'] as string);
        return response.status === 201;
      });
      await service.kill();
      ({ service, api } = Object.assign(run(), await started(pair)));
    }
    if (pair.client) await service.until('their events have arrived', () => ids.every((id) => typesOf(id)[0] === 'PartyRoleCreateEvent'));
    for (const id of ids) expect((await api.get(`/${id}`)).status).toBe(200);
  }, 120_000);
}

/** What systems on the bus rely on, with plain clients of the broker. */
export function busSuite(open: () => Promise<Pair>): void {
  const run = runOn(open);
  let service: Service;
  let client: PlainClient;
  let api: Api;
  beforeEach(() => {
    const { pair, ...running } = run();
    ({ service, api } = running);
    if (!pair.client) throw new Error('this pair has no bus to reach from outside');
    client = pair.client;
  });

  const about = (seen: readonly Seen[], subject: string): Seen[] => seen.filter((event) => (JSON.parse(event.content) as { subject?: string }).subject === subject);

  it.each(['structured', 'binary'] as const)('answers commands in %s mode by their reply and their event', async (mode) => {
    const subject = `bus-${mode}`;
    const create = await client.ask(mode, { type: 'org.tmforum.partyRole.create', subject, data: { name: 'Seller' } });
    expect(create).toMatchObject({ status: 201, headers: { ETag: '"1"' }, body: { id: subject, name: 'Seller' } });
    const patch = await client.ask(mode, { type: 'org.tmforum.partyRole.patch', subject, contentType: 'application/merge-patch+json', data: { status: 'active', nick: 's' }, extensions: { expectedrevision: '1' } });
    expect(patch).toMatchObject({ status: 200, headers: { ETag: '"3"' }, body: { status: 'active' } });
    const stale = await client.ask(mode, { type: 'org.tmforum.partyRole.patch', subject, contentType: 'application/merge-patch+json', data: { nick: 't' }, extensions: { expectedrevision: '1' } });
    expect(stale).toMatchObject({ status: 412, body: { '@type': 'Error' } });
    expect(await client.ask(mode, { type: 'org.tmforum.partyRole.delete', subject })).toMatchObject({ status: 204 });

    await service.until('its events have arrived', () => about(client.events, subject).length >= 4);
    expect(about(client.events, subject).map((event) => [event.key, event.contentType])).toEqual(
      ['Create', 'StateChange', 'AttributeValueChange', 'Delete'].map((kind) => [`partyRole.PartyRole${kind}Event`, 'application/cloudevents+json']),
    );
    expect(about(client.creations, subject).map((event) => event.key)).toEqual(['partyRole.PartyRoleCreateEvent']);
    for (const event of about(client.events, subject)) expect(new CloudEvent(JSON.parse(event.content) as Record<string, unknown>, true).validate()).toBe(true);
  });

  it('answers as REST would: both see the same role at once', async () => {
    const { body } = await client.ask('structured', { type: 'org.tmforum.partyRole.create', subject: 'both', data: { name: 'Seen by both' } });
    expect(await json(await api.get('/both'))).toEqual(body);
    const patched = await json(await api.patch('both', { status: 'active' }));
    expect((await client.ask('binary', { type: 'org.tmforum.partyRole.patch', subject: 'both', contentType: 'application/json', data: {} })).body).toEqual(patched);
  });

  it('applies a repeated command once and answers it alike', async () => {
    const asked = { id: 'repeated-1', type: 'org.tmforum.partyRole.create', subject: 'repeated', data: { name: 'Once' } };
    const first = await client.ask('structured', asked);
    expect(await client.ask('binary', asked)).toEqual({ ...first, headers: { ...first.headers, 'Idempotent-Replayed': 'true' } });
    expect((await client.ask('binary', { ...asked, data: { name: 'Twice' } })).status).toBe(422);
    expect(about(client.events, 'repeated')).toHaveLength(1);
  });

  it('parks what can never be applied, says why, and goes on with its neighbours', async () => {
    const before = client.dead.length;
    await client.post('x', 'application/cloudevents+json', Buffer.from('{"not json'));
    await client.post('x', 'application/cloudevents+json', Buffer.from(JSON.stringify({ specversion: '1.0', id: '1', source: '/s', type: 'org.tmforum.starship.create' })));
    await client.post('x', 'application/cloudevents+json', Buffer.from(JSON.stringify({ specversion: '1.0', id: '2', source: '/s', type: 'org.tmforum.partyRole.create', subject: 'x', data: {} })));
    await client.post('x', 'application/cloudevents+json', Buffer.from(JSON.stringify({ specversion: '1.0', id: '3', source: '/s', type: 'org.tmforum.partyRole.create', subject: 'x', data: { name: 'Neighbour' } })));
    await service.until('the neighbour is announced', () => about(client.events, 'x').length > 0);
    await service.until('the parked ones are announced', () => client.dead.length >= before + 3);
    expect(client.dead.slice(before).map((event) => event.key).sort()).toEqual(['malformed', 'refused', 'unsupported']);
    const announcement = client.dead.find((event) => event.key === 'refused');
    expect(JSON.parse(announcement?.content ?? '')).toMatchObject({ type: 'org.tmforum.command.parked', data: { reason: 'refused', type: 'org.tmforum.partyRole.create', subject: 'x' } });
  });

  it('runs as two processes, one for HTTP and one for the commands', async () => {
    expect(await service.stop()).toBe(0);
    const { pair } = run();
    const { service: worker } = await started(pair, { ROLES: 'worker' });
    ({ service, api } = Object.assign(run(), await started(pair, { ROLES: 'http' })));
    const response = await api.post({ name: 'Split' });
    expect(response.status).toBe(201);
    expect((await new Api(worker.url).get()).status).toBe(404);
    expect(await worker.stop()).toBe(0);
  }, 90_000);
}
