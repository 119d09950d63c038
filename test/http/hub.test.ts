import { definitions } from '../../src/handlers/index.js';
import { representationOf } from '../../src/handlers/representation.js';
import { AllowedTargets } from '../../src/hub/allowed-targets.js';
import type { RegistrationRules } from '../../src/hub/register.js';
import type { Health } from '../../src/store/hub-store.js';
import { faulty } from '../support/faults.js';
import { parkedDelivery } from '../contract/hub-fixtures.js';
import { type Answer, ask, BASE_PATH, type Rest, startRest, tmfError } from './rest-fixture.js';

const RULES: RegistrationRules = { targets: { allowed: new AllowedTargets(['allowed.internal']), httpsOnly: false }, max: 5, rotationMs: 60_000 };
const CALLBACK = 'https://listener.example.com/tmf?token=t';
const SECRET = `whsec_${Buffer.from('s'.repeat(24)).toString('base64')}`;
const OAUTH = { tokenUrl: 'https://login.example.com/token', clientId: 'client-7', clientSecret: 'hush-hush' };

let rest: Rest;

beforeEach(async () => {
  rest = await startRest(() => ({ hub: RULES }));
});
afterEach(() => rest.close());

/** As answered. */
interface View {
  readonly id: string;
  readonly href: string;
  readonly callback: string;
  readonly status: Record<string, unknown>;
}

const hubOf = (path = BASE_PATH): string => `${rest.origin}${path}/hub`;

function post(body: unknown, path?: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(hubOf(path), { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...headers } });
}

async function registered(callback = CALLBACK, path?: string): Promise<View> {
  const { status, body } = await post({ callback }, path);
  expect(status).toBe(201);
  return body as View;
}

const get = async (id: string): Promise<View> => (await ask(`${hubOf()}/${id}`)).body as View;
const remove = (id: string, path?: string): Promise<Answer> => ask(`${hubOf(path)}/${id}`, { method: 'DELETE' });
const callbacksIn = ({ body }: Answer): string[] => (body as View[]).map(({ callback }) => callback);

describe('POST', () => {
  it('registers a listener, and says where it is', async () => {
    const answer = await post({ callback: CALLBACK, query: 'eventType=PartyRoleCreateEvent', '@type': 'Hub', id: 'mine' });
    const { id } = answer.body as View;
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect([answer.status, answer.headers.get('location'), answer.headers.get('content-type')]).toEqual([201, `${BASE_PATH}/hub/${id}`, 'application/json; charset=utf-8']);
    const view = {
      id,
      href: `${BASE_PATH}/hub/${id}`,
      callback: CALLBACK,
      query: 'eventType=PartyRoleCreateEvent',
      '@type': 'Hub',
      dialect: 'tmf',
      signed: false,
      oauth: false,
      status: { state: 'active', waiting: 0, parked: 0 },
    };
    expect(answer.body).toEqual(view);
    expect((await ask(`${rest.origin}${answer.headers.get('location')}`)).body).toEqual(view);
  });

  it.each([
    ['event.partyRole.nmae=x&event.partyRole.colour.code!=y&event.partyRole.nmae.ne=z', '299 - "the specification of partyRole has no nmae, colour"'],
    ['event.partyRole.name=x&event.partyRole.characteristic.colour=red&event.partyRole.@type=x&event.partyRole.href=x&fieldPath=name&imported=false&fields=nmae', null],
    ['', null],
  ])('takes the query %s, with the warning %s', async (query, warning) => {
    for (const time of ['first', 'again']) {
      const { status, headers, body } = await post({ callback: CALLBACK, query });
      expect([time, status, headers.get('warning'), body]).toEqual([time, 201, warning, expect.objectContaining({ query })]);
    }
  });

  it('says which resource of an API lacks an attribute of its query', async () => {
    const query = 'event.individual.tradingName=x&event.organization.tradingName=x&event.organization.givenName=x';
    const { headers } = await post({ callback: CALLBACK, query }, '/tmf-api/party/v4');
    expect(headers.get('warning')).toBe('299 - "the specification of individual has no tradingName", 299 - "the specification of organization has no givenName"');
  });

  it('the same again is answered the same', async () => {
    const first = await post({ callback: CALLBACK });
    const second = await post({ callback: CALLBACK, query: '' });
    expect([second.status, second.headers.get('location'), second.body]).toEqual([201, first.headers.get('location'), first.body]);
    expect(first.body).toMatchObject({ query: '' });
    expect(first.body).not.toHaveProperty('@type');
  });

  it('resumes what was suspended', async () => {
    const { id } = await registered();
    await rest.store.hub.suspend(id, 'nobody answers', 'hub');
    expect((await get(id)).status).toMatchObject({ state: 'suspended' });
    expect((await registered()).status).toMatchObject({ state: 'active' });
  });

  it('does not resume what an operator suspended', async () => {
    const { id } = await registered();
    await rest.store.hub.suspend(id, 'moving', 'operator');
    expect((await registered()).status).toMatchObject({ state: 'suspended', reason: 'moving' });
  });

  it('is refused where it would go on behind the log', async () => {
    const { id } = await registered();
    await rest.store.hub.resume(id, 7);
    await rest.store.hub.suspend(id, 'the log ends', 'hub');
    expect(await post({ callback: CALLBACK })).toMatchObject({ status: 409, body: tmfError(409, new RegExp(`^${id}: position 7 is beyond the end of the log.*DELETE`)) });
    expect((await get(id)).status).toMatchObject({ state: 'suspended' });
    expect((await remove(id)).status).toBe(204);
    expect((await registered()).status).toMatchObject({ state: 'active' });
  });

  it('takes secrets, which are in no answer and in no line of the log', async () => {
    const answers = [await post({ callback: CALLBACK, signingSecret: SECRET, oauth: OAUTH, dialect: 'cloudevents-structured' })];
    const { id } = answers[0]?.body as View;
    answers.push(await ask(`${hubOf()}/${id}`), await ask(hubOf()), await post({ callback: CALLBACK, signingSecret: `${SECRET}x`, oauth: { ...OAUTH, scope: 1 } }), await remove(id));
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 400, 204]);
    expect(answers[1]?.body).toMatchObject({ signed: true, oauth: true, dialect: 'cloudevents-structured' });
    for (const hidden of [SECRET, SECRET.slice(6), 'hush-hush', 'client-7']) {
      expect(JSON.stringify(answers)).not.toContain(hidden);
      expect(JSON.stringify(rest.lines)).not.toContain(hidden);
    }
    // A callback may hold a token; whoever registered it sees it, the log does not.
    expect(JSON.stringify(rest.lines)).not.toContain('token=t');
    expect(rest.lines.filter(({ subscription }) => subscription === id).map(({ msg }) => msg)).toEqual(['listener registered', 'listener unregistered']);
  });

  it.each<[string, unknown, number, RegExp]>([
    ['no JSON', '{"callback":', 400, /end of JSON/],
    ['no object', '[]', 400, /object/],
    ['no callback', {}, 400, /^\/callback: must be given$/],
    ['several mistakes', { callback: 'x', dialect: 'x' }, 400, /^\/callback: .*; \/dialect: /],
    ['a query of lists', { callback: CALLBACK, query: 'status=active' }, 400, /^\/query: status: .*event\.partyRole/],
    ['a target of its own machine', { callback: 'http://localhost:8080/listener' }, 403, /localhost is not allowed.*HUB_ALLOW/],
  ])('refuses %s', async (_, body, status, message) => {
    const answer = await post(body);
    expect([answer.status, answer.body]).toEqual([status, tmfError(status, message)]);
    expect(await rest.store.hub.countSubscriptions()).toBe(0);
  });

  it('is possible to a target that the operator allows', async () => {
    await registered('http://allowed.internal:8080/listener');
  });

  it('needs a body of JSON, and a caller that takes JSON', async () => {
    const typed = await post('callback=x', BASE_PATH, { 'Content-Type': 'application/x-www-form-urlencoded' });
    expect([typed.status, typed.headers.get('accept-post'), typed.body]).toEqual([415, 'application/json', tmfError(415)]);
    expect(await ask(hubOf(), { method: 'POST' })).toMatchObject({ status: 400, body: tmfError(400, /no body/) });
    expect(await post({ callback: CALLBACK }, BASE_PATH, { Accept: 'text/html' })).toMatchObject({ status: 406, body: tmfError(406) });
    expect(await post({ callback: CALLBACK }, BASE_PATH, { 'Content-Type': 'application/json; charset=utf-8' })).toMatchObject({ status: 201 });
    expect(await post({ callback: CALLBACK, query: `fields=${'x'.repeat(20_000)}` })).toMatchObject({ status: 413, body: tmfError(413) });
  });

  it('ends at the most that there may be', async () => {
    for (const path of ['1', '2', '3', '4', '5']) await registered(`${CALLBACK}${path}`);
    expect(await post({ callback: CALLBACK })).toMatchObject({ status: 409, body: tmfError(409, /HUB_MAX/) });
    await registered(`${CALLBACK}3`);
  });
});

describe('GET by id', () => {
  const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

  it('says what became of the deliveries', async () => {
    const { id } = await registered();
    const { hub } = rest.store;
    const [{ epoch } = { epoch: 0 }] = (await hub.claim('me', 60_000)).held;
    const health: Health = { lastSuccess: at(1), lastError: { at: at(2), text: 'answered 500' }, failingSince: at(2), waiting: 7, oldestWaiting: at(3) };
    await hub.recordProgress('me', [{ id, epoch, cursor: 0, health }]);
    await hub.parkDeliveries([parkedDelivery(id, 'e1'), parkedDelivery(id, 'e2'), parkedDelivery('other', 'e1')]);
    const told = { lastSuccess: '2026-01-01T00:00:01.000Z', lastError: { at: '2026-01-01T00:00:02.000Z', text: 'answered 500' }, waiting: 7, oldestWaiting: '2026-01-01T00:00:03.000Z', parked: 2 };
    expect((await get(id)).status).toEqual({ state: 'active', ...told });
    await hub.suspend(id, 'nobody answers', 'hub');
    const { status } = await get(id);
    expect(status).toEqual({ state: 'suspended', reason: 'nobody answers', since: expect.stringMatching(/^20.*Z$/) as string, ...told });
    expect((await ask(hubOf())).body).toMatchObject([{ id, status }]);
  });

  it('is 404 for what is not there', async () => {
    for (const id of ['3f8d1ed5-7f0c-5359-9adc-c6e9b67ad454', 'x', '%00', 'a%2Fb', 'x'.repeat(3_000)]) {
      for (const method of ['GET', 'DELETE']) expect(await ask(`${hubOf()}/${id}`, { method })).toMatchObject({ status: 404, body: tmfError(404, /^id: /) });
    }
  });
});

describe('DELETE', () => {
  it('is 204, and then 404', async () => {
    const { id } = await registered();
    await rest.store.hub.parkDeliveries([parkedDelivery(id, 'e1')]);
    const answer = await remove(id);
    expect([answer.status, answer.body]).toEqual([204, undefined]);
    expect((await remove(id)).status).toBe(404);
    expect((await ask(`${hubOf()}/${id}`)).status).toBe(404);
    // Registered again, it begins anew.
    expect((await registered()).status).toEqual({ state: 'active', waiting: 0, parked: 0 });
  });

  it('is 404 where another one was faster', async () => {
    const { id } = await registered();
    const answers = await Promise.all([remove(id), remove(id), remove(id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404]);
  });
});

describe('the list', () => {
  it('is of all, in pages', async () => {
    await rest.close();
    rest = await startRest(() => ({ hub: { ...RULES, max: 6 } }));
    // Of another API, which is not counted.
    await registered(CALLBACK, '/tmf-api/party/v4');
    for (const path of ['1', '2', '3', '4', '5']) await registered(`${CALLBACK}${path}`);
    const whole = await ask(hubOf());
    expect([whole.status, whole.headers.get('x-total-count'), whole.headers.get('x-result-count'), whole.headers.get('link')]).toEqual([200, '5', '5', null]);
    const ids = (whole.body as View[]).map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    const pages: Answer[] = [];
    for (let url: string | undefined = `${hubOf()}?limit=2`; url !== undefined; ) {
      const page = await ask(url);
      pages.push(page);
      const next: string | undefined = /^<(.*)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
      url = next && `${rest.origin}${next}`;
    }
    expect(pages.map(({ headers }) => [headers.get('x-total-count'), headers.get('x-result-count')])).toEqual([['5', '2'], ['5', '2'], ['5', '1']]);
    expect(pages.flatMap(callbacksIn)).toEqual(callbacksIn(whole));
    expect((await ask(`${hubOf()}?after=${ids[4]}`)).headers.get('x-total-count')).toBe('5');
  });

  it('may be empty', async () => {
    const { status, headers, body } = await ask(hubOf());
    expect([status, headers.get('x-total-count'), body]).toEqual([200, '0', []]);
  });

  it.each([['limit=0'], ['limit=1001'], ['limit=x'], ['limit=1&limit=2'], ['after='], ['after=%20'], ['offset=1'], ['callback=x']])('refuses %s', async (query) => {
    expect(await ask(`${hubOf()}?${query}`)).toMatchObject({ status: 400, body: tmfError(400, new RegExp(`^${query.split('=')[0]}: `)) });
  });
});

describe('an API', () => {
  const paths = [...new Set(definitions({ roleTypeDefault: true, lifeCycles: new Map() }).map(({ api, version }) => `/tmf-api/${api}/${version}`))];

  it('has a hub of its own', async () => {
    expect(paths.length).toBeGreaterThan(3);
    await rest.close();
    rest = await startRest(() => ({ hub: { ...RULES, max: paths.length } }));
    const views = [];
    for (const path of paths) views.push(await registered(CALLBACK, path));
    expect(new Set(views.map(({ id }) => id)).size).toBe(paths.length);
    for (const [i, path] of paths.entries()) {
      expect(views[i]?.href).toBe(`${path}/hub/${views[i]?.id}`);
      const list = await ask(hubOf(path));
      expect([list.headers.get('x-total-count'), list.body]).toEqual(['1', [views[i]]]);
    }
  });

  it('knows nothing of the listeners of another', async () => {
    const { id } = await registered();
    expect(await ask(`${hubOf('/tmf-api/party/v4')}/${id}`)).toMatchObject({ status: 404 });
    expect(await remove(id, '/tmf-api/party/v4')).toMatchObject({ status: 404 });
    expect(await get(id)).toMatchObject({ id });
  });

  it('knows its own events only', async () => {
    expect(await post({ callback: CALLBACK, query: 'eventType=IndividualCreateEvent' })).toMatchObject({ status: 400 });
    expect(await post({ callback: CALLBACK, query: 'eventType=IndividualCreateEvent,OrganizationDeleteEvent' }, '/tmf-api/party/v4')).toMatchObject({ status: 201 });
  });

  it('says where it is under its public address', async () => {
    await rest.close();
    rest = await startRest(() => ({ hub: RULES, representation: representationOf(({ api, version }) => `https://api.example.com/x/${api}/${version}`) }));
    const { status, headers, body } = await post({ callback: CALLBACK });
    const { id } = body as View;
    const address = 'https://api.example.com/x/partyRoleManagement/v4/hub';
    expect([status, headers.get('location'), body]).toEqual([201, `${address}/${id}`, expect.objectContaining({ href: `${address}/${id}` })]);
    await registered(`${CALLBACK}2`);
    expect((await ask(`${hubOf()}?limit=1`)).headers.get('link')).toMatch(new RegExp(`^<${address}\\?after=[0-9a-f-]{36}&limit=1>; rel="next"$`));
  });
});

describe('other methods', () => {
  it.each([
    ['', 'PUT', 'GET, HEAD, POST, OPTIONS'],
    ['', 'DELETE', 'GET, HEAD, POST, OPTIONS'],
    ['/x', 'PATCH', 'GET, HEAD, DELETE, OPTIONS'],
    ['/x', 'POST', 'GET, HEAD, DELETE, OPTIONS'],
  ])('/hub%s %s are refused', async (path, method, allowed) => {
    const { status, headers, body } = await ask(`${hubOf()}${path}`, { method });
    expect([status, headers.get('allow'), body]).toEqual([405, allowed, tmfError(405)]);
  });

  it('OPTIONS says what there is', async () => {
    const [collection, member] = [await ask(hubOf(), { method: 'OPTIONS' }), await ask(`${hubOf()}/x`, { method: 'OPTIONS' })];
    expect([collection.status, collection.headers.get('allow'), collection.headers.get('accept-post')]).toEqual([204, 'GET, HEAD, POST, OPTIONS', 'application/json']);
    expect([member.status, member.headers.get('allow')]).toEqual([204, 'GET, HEAD, DELETE, OPTIONS']);
  });

  it('HEAD is GET without the body', async () => {
    const { id } = await registered();
    for (const path of ['', `/${id}`]) {
      const [head, full] = [await ask(`${hubOf()}${path}`, { method: 'HEAD' }), await ask(`${hubOf()}${path}`)];
      expect([head.status, head.body, head.headers.get('content-length')]).toEqual([200, undefined, full.headers.get('content-length')]);
    }
  });
});

describe('the database is away', () => {
  it('at once, when that is known', async () => {
    await rest.store.close();
    for (const answer of [await post({ callback: CALLBACK }), await ask(hubOf()), await ask(`${hubOf()}/x`), await remove('x')]) {
      expect([answer.status, answer.body, answer.headers.get('retry-after')]).toEqual([503, tmfError(503), '5']);
    }
  });

  it('or when it turns out', async () => {
    await rest.close();
    rest = await startRest(({ store }) => ({
      hub: RULES,
      store: new Proxy(store, {
        get: (target, name) => {
          if (name !== 'hub') return Reflect.get(target, name) as unknown;
          return faulty(target.hub, {
            register: async (real, subscription) => {
              await target.close();
              return real(subscription);
            },
          });
        },
      }),
    }));
    expect(await post({ callback: CALLBACK })).toMatchObject({ status: 503, body: tmfError(503) });
  });
});

it('is not there without its options', async () => {
  await rest.close();
  rest = await startRest();
  expect(await post({ callback: CALLBACK })).toMatchObject({ status: 404, body: tmfError(404) });
  expect(await ask(hubOf())).toMatchObject({ status: 404 });
});
