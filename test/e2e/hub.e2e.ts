import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { closeAll, ok, startListener } from '../hub/local-listener.js';
import { startService, type Service } from '../support/service.js';
import { Api } from './api.js';
import { envelopeIn, HUB_SETTINGS, HubApi, HubListeners, signaturesBy, SLIM, told } from './hub-party.js';
import type { Pair } from './service.e2e.js';

/** What a process that was killed held is taken over so much later, at most. */
const HOLD_MS = 10_000;
/** Longer than a hub takes to see that somebody unregistered. */
const SEEN_MS = 2_000;

/** What listeners rely on, on any pair of bus and database: a real process, real HTTP. */
export function hubSuite(open: () => Promise<Pair>): void {
  let pair: Pair;
  let service: Service;
  let api: Api;
  let hub: HubApi;
  let parties: HubApi;
  let roles = 0;
  const party = new HubListeners();

  async function start(): Promise<void> {
    service = await startService({ ...pair.settings, ...HUB_SETTINGS });
    api = new Api(service.url);
    hub = new HubApi(service.url);
    parties = new HubApi(service.url, 'party/v4');
  }

  beforeAll(async () => {
    pair = await open();
    await start();
  }, 120_000);
  afterAll(async () => {
    await service.stop();
    await pair.client?.close();
    await pair.close();
  }, 60_000);
  afterEach(async () => {
    await closeAll();
    await hub.unregisterAll();
    await parties.unregisterAll();
    await party.check(service.url);
  });

  const newRole = (): string => `hub-${(roles += 1)}`;

  /** The CloudEvents about a role, as the service's log shows them. */
  function published(role: string): Record<string, unknown>[] {
    const events = service.log.filter((line) => line['msg'] === 'event content').map((line) => JSON.parse(String(line['event'])) as Record<string, unknown>);
    return events.filter(({ subject }) => subject === role);
  }

  const received = (what: string, condition: () => boolean): Promise<void> => service.until(what, condition);

  it('delivers what comes by REST and over the bus, in the order of each role', async () => {
    const listener = await party.start(ok);
    await hub.register(`${listener.url}/partyRoleEvents?a=%20b`);
    const role = newRole();
    expect((await api.post({ id: role, name: 'Seller' })).status).toBe(201);
    if (pair.client) expect((await pair.client.ask('structured', { type: 'org.tmforum.partyRole.patch', subject: role, contentType: 'application/merge-patch+json', data: { status: 'active' } })).status).toBe(200);
    else expect((await api.patch(role, { status: 'active' })).status).toBe(200);
    expect((await api.delete(role)).status).toBe(204);
    await received('all three', () => listener.received.length >= 3);
    expect(told(listener.received)).toEqual(['PartyRoleCreateEvent', 'PartyRoleStateChangeEvent', 'PartyRoleDeleteEvent'].map((type) => `${type} of ${role}`));
    expect(listener.received.map(({ method, path }) => [method, path])).toEqual(Array(3).fill(['POST', '/listener/partyRoleEvents?a=%20b']));
    expect(listener.received.map(envelopeIn)).toEqual(published(role).map(({ data }) => data));
  });

  it('delivers only what the query asks for, and of that what it chose', async () => {
    const [some, slim] = [await party.start(ok), await party.start(ok)];
    await hub.register(some.url, { query: 'eventType=PartyRoleStateChangeEvent&event.partyRole.status=active' });
    await hub.register(slim.url + SLIM, { query: 'fields=name' });
    const role = newRole();
    await api.post({ id: role, name: 'Seller', note: 'long' });
    for (const status of ['new', 'active', 'closed']) await api.patch(role, { status });
    await received('all four', () => slim.received.length >= 4 && some.received.length > 0);
    expect(told(some.received)).toEqual([`PartyRoleStateChangeEvent of ${role}`]);
    expect(envelopeIn(some.received[0]!).event['partyRole']).toMatchObject({ status: 'active', note: 'long' });
    expect(envelopeIn(slim.received[0]!).event).toEqual({ partyRole: { id: role, href: expect.any(String) as string, '@type': 'PartyRole', name: 'Seller' } });
  });

  it('speaks every dialect', async () => {
    const dialects = ['tmf', 'cloudevents-structured', 'cloudevents-binary', 'oda'];
    const listeners = await Promise.all(dialects.map(() => party.start(ok)));
    for (const [place, dialect] of dialects.entries()) await hub.register(listeners[place]!.url, { dialect });
    const role = newRole();
    await api.post({ id: role, name: 'Sélleŕ' });
    await received('one each', () => listeners.every((listener) => listener.received.length > 0));
    const [event] = published(role) as [Record<string, unknown> & { data: object }];
    const [tmf, structured, binary, oda] = listeners.map((listener) => listener.received[0]!);
    const bodies = [tmf, structured, binary, oda].map((one) => JSON.parse(one!.body) as object);
    expect(bodies).toEqual([event.data, event, event.data, { ...event.data, eventType: 'PartyRoleCreationNotification' }]);
    expect([tmf, structured, binary, oda].map((one) => one!.headers['content-type'])).toEqual(['application/json', 'application/cloudevents+json', 'application/json', 'application/json']);
    expect(binary!.headers).toMatchObject({ 'ce-specversion': '1.0', 'ce-id': event['id'], 'ce-type': event['type'], 'ce-subject': role, 'ce-sequence': '0000000000000001' });
    for (const one of [tmf, structured, binary, oda]) expect(one!.headers['webhook-id']).toBe(event['id']);
  });

  it('signs, and with both secrets while one replaces the other', async () => {
    const listener = await party.start(ok);
    const [first, second] = [`whsec_${randomBytes(24).toString('base64')}`, `whsec_${randomBytes(64).toString('base64')}`];
    const id = await hub.register(listener.url, { signingSecret: first });
    expect(JSON.stringify(await hub.get(id))).toMatch(/"signed":true/);
    const role = newRole();
    await api.post({ id: role, name: 'Seller' });
    await received('the first', () => listener.received.length >= 1);
    expect(await hub.register(listener.url, { signingSecret: second })).toBe(id);
    const bySecrets = (): number[] => [first, second].map((secret) => signaturesBy(secret, listener.received.at(-1)!));
    expect(bySecrets()).toEqual([1, 0]);
    await service.until('both sign', async () => {
      const before = listener.received.length;
      await api.patch(role, { note: String(before) });
      await received('the next', () => listener.received.length > before);
      return bySecrets()[1] === 1;
    });
    expect(bySecrets()).toEqual([1, 1]);
    const age = Date.now() / 1000 - Number(listener.received.at(-1)!.headers['webhook-timestamp']);
    expect(Math.abs(age)).toBeLessThan(30);
    expect(JSON.stringify([service.log, await hub.get(id)])).not.toContain(second.slice('whsec_'.length));
  });

  it('gets a token where one is asked for, and another when that is refused', async () => {
    let tokens = 0;
    const server = await startListener((response) => response.end(JSON.stringify({ access_token: `token-${(tokens += 1)}`, token_type: 'Bearer', expires_in: 3600 })));
    const listener = await party.start((response, { headers }) => response.writeHead(headers.authorization === 'Bearer token-1' ? 401 : 204).end());
    await hub.register(listener.url, { oauth: { tokenUrl: `${server.url}/token`, clientId: 'me', clientSecret: 'hush-hush', scope: 'events' } });
    await api.post({ id: newRole(), name: 'Seller' });
    await received('the second attempt', () => listener.received.length >= 2);
    expect(listener.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
    expect(server.received[0]).toMatchObject({ body: 'grant_type=client_credentials&scope=events', headers: { authorization: `Basic ${Buffer.from('me:hush-hush').toString('base64')}` } });
    expect(JSON.stringify(service.log)).not.toContain('hush-hush');
  });

  it('sends nothing after an unregistration, and forgets who answers 410', async () => {
    const [left, gone, stays] = [await party.start(ok), await party.start((response) => response.writeHead(410).end()), await party.start(ok)];
    const ids = [await hub.register(left.url), await hub.register(gone.url), await hub.register(stays.url)] as const;
    await api.post({ id: newRole(), name: 'Seller' });
    await received('one each', () => [left, gone, stays].every((listener) => listener.received.length === 1));
    await service.until('it is forgotten', async () => (await hub.get(ids[1])) === undefined);
    expect(await hub.unregister(ids[0])).toBe(204);
    expect(await hub.unregister(ids[0])).toBe(404);
    await pause(SEEN_MS);
    await api.post({ id: newRole(), name: 'Seller' });
    await received('the next', () => stays.received.length === 2);
    expect([left.received.length, gone.received.length]).toEqual([1, 1]);
  });

  it('delivers the events of its own API alone', async () => {
    const [ofRoles, ofParties] = [await party.start(ok), await party.start(ok)];
    await hub.register(ofRoles.url);
    const id = await parties.register(ofParties.url);
    expect(await hub.get(id)).toBeUndefined();
    const [role, person] = [newRole(), newRole()];
    await new Api(service.url, '/tmf-api/party/v4/individual').post({ id: person, givenName: 'Ann', familyName: 'Lee' });
    await api.post({ id: role, name: 'Seller' });
    await received('one each', () => ofRoles.received.length > 0 && ofParties.received.length > 0);
    expect([told(ofRoles.received), told(ofParties.received)]).toEqual([[`PartyRoleCreateEvent of ${role}`], [`IndividualCreateEvent of ${person}`]]);
  });

  it('does not deliver to what is not allowed', async () => {
    for (const callback of ['http://10.0.0.1/x', 'http://localhost/x', 'http://169.254.169.254/latest/meta-data', 'http://[::1]/x']) await expect(hub.register(callback)).rejects.toThrow('answered 403');
  });

  it('lets nobody wait for a listener that hangs, at the same address or not', async () => {
    const listener = await party.start((response, { path }) => (path === '/listener/hangs' ? undefined : ok(response)));
    const hanging = await hub.register(`${listener.url}/hangs`);
    await hub.register(`${listener.url}/well`);
    const names = Array.from({ length: 12 }, newRole);
    for (const id of names) await api.post({ id, name: 'Seller' });
    const well = (): string[] => told(listener.received.filter(({ path }) => path === '/listener/well'));
    const began = Date.now();
    await received('all that it is well for', () => well().length === names.length);
    expect(Date.now() - began).toBeLessThan(Number(HUB_SETTINGS.HUB_TIMEOUT_MS));
    await service.until('it is known', async () => JSON.stringify(await hub.status(hanging)).includes(`no answer within ${HUB_SETTINGS.HUB_TIMEOUT_MS} ms`));
  });

  it('delivers after SIGKILL what came while the listener was away, and says before what waits', async () => {
    const away = await party.start(ok);
    const id = await hub.register(away.url, { dialect: 'cloudevents-structured' });
    const role = newRole();
    await api.post({ id: role, name: 'Seller' });
    await received('the first', () => away.received.length === 1);
    await service.until('it is recorded', async () => (await hub.status(id))['lastSuccess'] !== undefined);
    await away.close();
    for (const status of ['a', 'b', 'c']) await api.patch(role, { status });
    await service.until('it is known', async () => (await hub.status(id))['waiting'] === 3);
    expect(await hub.status(id)).toMatchObject({ state: 'active', lastError: { text: 'the connection was refused' }, parked: 0, oldestWaiting: expect.any(String) as string });

    await service.kill();
    await start();
    const back = await party.start(ok, away.port);
    const began = Date.now();
    await received('what was missed', () => back.received.length >= 3);
    expect(Date.now() - began).toBeLessThan(HOLD_MS + 5_000);
    expect(back.received.map(({ body }) => (JSON.parse(body) as { sequence: string }).sequence.slice(-1))).toEqual(['2', '3', '4']);
    await service.until('nothing waits', async () => (await hub.status(id))['waiting'] === 0);
  }, 60_000);
}

/** Hubs as processes of their own, where several processes share a database. */
export function hubProcessesSuite(open: () => Promise<Pair>): void {
  it('share the listeners, and one takes over from another that is killed, within the hold', async () => {
    const pair = await open();
    const started: Service[] = [];
    const party = new HubListeners();
    const start = async (roles: string): Promise<Service> => {
      const service = await startService({ ...pair.settings, ...HUB_SETTINGS, ROLES: roles });
      started.push(service);
      return service;
    };
    try {
      const front = await start('http,worker');
      const api = new Api(front.url);
      const hub = new HubApi(front.url);
      const listeners = await Promise.all(Array.from({ length: 4 }, () => party.start(ok)));
      for (const listener of listeners) await hub.register(listener.url);
      await api.post({ id: 'before', name: 'Seller' });
      const [one] = await Promise.all([start('hub'), start('hub')]);
      await front.until('the hubs deliver', () => listeners.every(({ received }) => received.length >= 1));
      // One may have come a round later than the other.
      await pause(3_000);
      await one.kill();

      const arrivals = new Map<number, number>();
      await api.post({ id: 'after', name: 'Seller' });
      const killed = Date.now();
      await front.until('all have it', () => {
        for (const [place, { received }] of listeners.entries()) if (told(received).includes('PartyRoleCreateEvent of after') && !arrivals.has(place)) arrivals.set(place, Date.now() - killed);
        return arrivals.size === listeners.length;
      });
      const [first, second, third, last] = [...arrivals.values()] as [number, number, number, number];
      expect(Math.max(first, second)).toBeLessThan(3_000);
      expect(third).toBeGreaterThan(3_000);
      expect(last).toBeLessThan(HOLD_MS + 3_000);
      for (const { received } of listeners) expect(told(received)).toEqual(['PartyRoleCreateEvent of before', 'PartyRoleCreateEvent of after']);
      await party.check(front.url);
    } finally {
      await Promise.all(started.map((service) => service.stop()));
      await closeAll();
      await pair.client?.close();
      await pair.close();
    }
  }, 90_000);
}
