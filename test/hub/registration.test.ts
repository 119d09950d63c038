import { pino } from 'pino';
import { Refusal } from '../../src/errors.js';
import { definitions } from '../../src/handlers/index.js';
import { AllowedTargets } from '../../src/hub/allowed-targets.js';
import { register, type RegistrationRules } from '../../src/hub/register.js';
import { readRegistration, type Registration } from '../../src/hub/registration.js';
import type { Json, JsonObject } from '../../src/json.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import type { HubStore, Subscription } from '../../src/store/hub-store.js';
import { commitId, type Store } from '../../src/store/store.js';
import { faulty } from '../support/faults.js';

const API = 'partyRoleManagement';
const all = definitions({ roleTypeDefault: true, lifeCycles: new Map() });
const targets = { allowed: new AllowedTargets(['allowed.internal', '10.1.0.0/16']), httpsOnly: false };

const CALLBACK = 'https://listener.example.com/tmf';
const secret = (letter: string): string => Buffer.from(letter.repeat(24)).toString('base64');
const OAUTH = { tokenUrl: 'https://login.example.com/token', clientId: 'me', clientSecret: 'hush-hush' };

function read(body: Json, api = API, rules = targets): Registration {
  return readRegistration(body, api, all.filter((definition) => definition.api === api), rules);
}

const asked = (attributes: JsonObject = {}): Registration => read({ callback: CALLBACK, ...attributes });

function refusalOf(body: Json, rules = targets): Refusal {
  try {
    read(body, API, rules);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a registration', () => {
  it('needs a callback and nothing else', () => {
    // Pinned: another id would be another subscription for everybody who registers again.
    expect(asked()).toEqual({ id: '3f8d1ed5-7f0c-5359-9adc-c6e9b67ad454', api: API, callback: CALLBACK, query: '', dialect: 'tmf', secrets: { signing: [] } });
  });

  it('has a query, a type, a dialect and secrets', () => {
    const query = '?eventType=PartyRoleCreateEvent&fields=name';
    const body = { callback: CALLBACK, query, '@type': 'Hub', dialect: 'cloudevents-binary', signingSecret: `whsec_${secret('a')}`, oauth: { ...OAUTH, scope: 'events' } };
    expect(read(body)).toMatchObject({ query, type: 'Hub', dialect: 'cloudevents-binary', secrets: { signing: [{ secret: secret('a') }], oauth: { ...OAUTH, scope: 'events' } } });
  });

  it('may have attributes of no meaning, and null in place of absent ones', () => {
    const odd = { id: '1', '@baseType': 'Hub', '@schemaLocation': 7, query: null, '@type': null, dialect: null, signingSecret: null, oauth: null };
    expect(asked(odd)).toEqual(asked());
  });

  it('is the same subscription by API, callback, query and dialect', () => {
    const { id } = asked();
    expect(asked({ query: '', '@type': 'Hub', signingSecret: `whsec_${secret('a')}`, oauth: OAUTH }).id).toBe(id);
    const others = [asked({ query: 'eventType=PartyRoleCreateEvent' }), asked({ dialect: 'oda' }), read({ callback: `${CALLBACK}/` }), read({ callback: CALLBACK }, 'party')];
    expect(new Set([id, ...others.map((other) => other.id)]).size).toBe(5);
  });
});

describe('what is refused', () => {
  test.each<[string, Json, string | undefined, RegExp]>([
    ['no object', [], undefined, /^$/],
    ['null', null, undefined, /^$/],
    ['no callback', {}, '/callback', /must be given/],
    ['an empty callback', { callback: '' }, '/callback', /must be given/],
    ['a callback that is null', { callback: null }, '/callback', /must be given/],
    ['a callback that is no text', { callback: 1 }, '/callback', /must be a string/],
    ['a callback that is no URL', { callback: 'listener' }, '/callback', /absolute URL/],
    ['another scheme', { callback: 'file:///etc/passwd' }, '/callback', /http/],
    ['a long callback', { callback: `https://a.example.com/${'x'.repeat(10_000)}` }, '/callback', /characters/],
    ['a name in another case', { callback: CALLBACK, signingsecret: 'whsec_x' }, '/signingsecret', /is signingSecret in another case/],
    ['a query that is no text', { callback: CALLBACK, query: {} }, '/query', /must be a string/],
    ['an attribute without the way to it', { callback: CALLBACK, query: 'status=active' }, '/query', /^status: .*event\.partyRole/],
    ['an event of another API', { callback: CALLBACK, query: 'eventType=IndividualCreateEvent' }, '/query', /^eventType: this API has no event/],
    ['paging', { callback: CALLBACK, query: 'limit=1' }, '/query', /^limit: /],
    ['a long query', { callback: CALLBACK, query: 'x'.repeat(8_001) }, '/query', /8000 characters/],
    ['a type that is no text', { callback: CALLBACK, '@type': [] }, '/@type', /must be a string/],
    ['an unknown dialect', { callback: CALLBACK, dialect: 'xml' }, '/dialect', /tmf, cloudevents-structured, cloudevents-binary, oda/],
    ['an inherited dialect', { callback: CALLBACK, dialect: 'toString' }, '/dialect', /must be one of/],
    ['a secret without its prefix', { callback: CALLBACK, signingSecret: secret('a') }, '/signingSecret', /whsec_/],
    ['a short secret', { callback: CALLBACK, signingSecret: 'whsec_c2hvcnQ=' }, '/signingSecret', /24 to 64 bytes/],
    ['credentials that are no object', { callback: CALLBACK, oauth: 'x' }, '/oauth', /must be an object/],
    ['credentials without a client', { callback: CALLBACK, oauth: { ...OAUTH, clientId: '' } }, '/oauth/clientId', /must be given/],
    ['credentials without a secret', { callback: CALLBACK, oauth: { ...OAUTH, clientSecret: null } }, '/oauth/clientSecret', /must be given/],
    ['credentials without a place', { callback: CALLBACK, oauth: { clientId: 'a', clientSecret: 'b' } }, '/oauth/tokenUrl', /must be given/],
    ['a place of credentials that is no URL', { callback: CALLBACK, oauth: { ...OAUTH, tokenUrl: '/token' } }, '/oauth/tokenUrl', /absolute URL/],
    ['a scope that is no text', { callback: CALLBACK, oauth: { ...OAUTH, scope: ['a'] } }, '/oauth/scope', /must be a string/],
  ])('%s', (_, body, at, problem) => {
    const { status, faults } = refusalOf(body);
    expect([status, faults.map((fault) => fault.at)]).toEqual([400, at === undefined ? [] : [at]]);
    expect(faults[0]?.problem ?? '').toMatch(problem);
  });

  it('is told all at once', () => {
    const { faults } = refusalOf({ query: 'status=a&x', dialect: 'xml', signingSecret: 'x', oauth: { scope: 1 } });
    expect(faults.map(({ at }) => at)).toEqual(['/callback', '/query', '/dialect', '/signingSecret', '/oauth/tokenUrl', '/oauth/clientId', '/oauth/clientSecret', '/oauth/scope']);
  });

  it('quotes no secret', () => {
    const { message, faults } = refusalOf({ callback: 'https://me:hush@a.example.com/', signingSecret: 'whsec_hush', oauth: { tokenUrl: 'hush', clientId: 'a', clientSecret: ['hush'] } });
    expect(faults).toHaveLength(4);
    expect(JSON.stringify([message, faults])).not.toContain('hush');
  });
});

describe('a target that is not public', () => {
  test.each([['http://localhost:8080/listener'], ['http://127.0.0.1/'], ['http://[::1]/'], ['http://10.0.0.1/'], ['http://169.254.169.254/latest']])('%s is forbidden, with the setting that may allow it', (callback) => {
    const { status, faults } = refusalOf({ callback });
    expect([status, faults[0]?.at]).toEqual([403, '/callback']);
    expect(faults[0]?.problem).toMatch(/is not allowed.*HUB_ALLOW/);
    expect(refusalOf({ callback: CALLBACK, oauth: { ...OAUTH, tokenUrl: callback } })).toMatchObject({ status: 403, faults: [{ at: '/oauth/tokenUrl' }] });
  });

  it('may be one that the operator allows', () => {
    expect(read({ callback: 'http://allowed.internal/x' }).callback).toBe('http://allowed.internal/x');
    expect(read({ callback: 'http://10.1.2.3:8080/x' }).callback).toBe('http://10.1.2.3:8080/x');
  });

  it('matters less than a mistake', () => {
    expect(refusalOf({ callback: 'http://localhost/', dialect: 'xml' })).toMatchObject({ status: 400, faults: [{ at: '/dialect' }] });
  });

  it('is another one than a target that is not secure', () => {
    const { status, faults } = refusalOf({ callback: 'http://a.example.com/' }, { ...targets, httpsOnly: true });
    expect([status, faults[0]?.problem]).toEqual([403, expect.stringMatching(/https.*HUB_HTTPS_ONLY/)]);
    expect(refusalOf({ callback: 'https://localhost/' }, { ...targets, httpsOnly: true }).faults[0]?.problem).toMatch(/HUB_ALLOW/);
  });
});

describe('registering', () => {
  const NOW = new Date('2026-01-02T03:04:05.678Z');
  const MINUTE = 60_000;
  const later = (minutes: number): Date => new Date(NOW.getTime() + minutes * MINUTE);
  const signed = (letter: string): Registration => asked({ signingSecret: `whsec_${secret(letter)}` });
  let store: Store;
  let rules: RegistrationRules;

  beforeEach(async () => {
    store = await openEmbeddedStore({ path: undefined, retentionMs: MINUTE, log: pino({ level: 'silent' }) });
    rules = { targets, max: 3, rotationMs: 10 * MINUTE };
  });
  afterEach(() => store.close());

  const registered = (wanted: Registration, now = NOW): Promise<Subscription> => register(store, wanted, rules, now);
  const publish = async (serial: number): Promise<void> => {
    const event = { topic: 'events' as const, key: 'partyRole.PartyRoleCreateEvent', order: 'partyRole/1', id: `e${serial}`, content: '{}' };
    await store.commit({ id: commitId('test', serial), at: NOW, writes: [], guards: [], parked: [], entries: [{ status: 201, events: [event] }] });
    await store.markPublished([commitId('test', serial)]);
  };

  const withHub = (hub: HubStore): Parameters<typeof register>[0] => ({ hub, lastPosition: () => store.lastPosition(), readLog: (...args) => store.readLog(...args) });

  it('begins with what is published from now on', async () => {
    await publish(1);
    await publish(2);
    expect(await registered(asked({ '@type': 'Hub' }))).toMatchObject({ ...asked({ '@type': 'Hub' }), cursor: 2 });
  });

  it('the same again changes nothing', async () => {
    const first = await registered(asked({ signingSecret: `whsec_${secret('a')}`, oauth: OAUTH }));
    await publish(1);
    expect(await registered(asked())).toEqual(first);
    expect(await registered(asked({ signingSecret: `whsec_${secret('a')}`, oauth: OAUTH, '@type': 'Other' }), later(1))).toEqual(first);
  });

  it('at the same time is one subscription', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => registered(signed('a'))));
    expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(await store.hub.countSubscriptions()).toBe(1);
  });

  it('with another signing secret lets the one before sign for a while', async () => {
    await registered(signed('a'));
    expect((await registered(signed('b'))).secrets.signing).toEqual([{ secret: secret('b') }, { secret: secret('a'), until: later(10) }]);
    // Given again, it does not begin anew.
    expect((await registered(signed('b'), later(5))).secrets.signing).toEqual([{ secret: secret('b') }, { secret: secret('a'), until: later(10) }]);
    expect((await registered(signed('c'), later(6))).secrets.signing).toEqual([{ secret: secret('c') }, { secret: secret('b'), until: later(16) }, { secret: secret('a'), until: later(10) }]);
    expect((await registered(signed('d'), later(12))).secrets.signing).toEqual([{ secret: secret('d') }, { secret: secret('c'), until: later(22) }, { secret: secret('b'), until: later(16) }]);
    // Back to an earlier one.
    expect((await registered(signed('c'), later(13))).secrets.signing).toEqual([{ secret: secret('c') }, { secret: secret('d'), until: later(23) }, { secret: secret('b'), until: later(16) }]);
  });

  it('with another signing secret ends the one before at once where that is wanted', async () => {
    rules = { ...rules, rotationMs: 0 };
    await registered(signed('a'));
    expect((await registered(signed('b'))).secrets.signing).toEqual([{ secret: secret('b') }]);
  });

  it('with ever other secrets keeps few of them', async () => {
    for (const letter of 'abcdefgh') await registered(signed(letter));
    expect((await registered(asked())).secrets.signing.map((one) => one.secret)).toEqual(['h', 'g', 'f', 'e'].map(secret));
  });

  it('with different secrets at the same time keeps all of them', async () => {
    await registered(signed('a'));
    await Promise.all(['b', 'c', 'd'].map((letter) => registered(signed(letter))));
    const { signing } = (await registered(asked())).secrets;
    expect(new Set(signing.map((one) => one.secret))).toEqual(new Set(['a', 'b', 'c', 'd'].map(secret)));
    expect(signing.map(({ until }) => until)).toEqual([undefined, later(10), later(10), later(10)]);
  });

  it('with other credentials replaces the old ones, and keeps the signing secret', async () => {
    await registered(asked({ signingSecret: `whsec_${secret('a')}`, oauth: { ...OAUTH, scope: 'events' } }));
    const { secrets } = await registered(asked({ oauth: { ...OAUTH, clientSecret: 'other' } }));
    expect(secrets).toEqual({ signing: [{ secret: secret('a') }], oauth: { ...OAUTH, clientSecret: 'other' } });
  });

  it('resumes what was suspended, from where it stopped', async () => {
    const { id, epoch } = await registered(asked());
    await store.hub.suspend(id, 'nobody answers', 'hub');
    await publish(1);
    const resumed = await registered(asked());
    expect([resumed.suspended, resumed.cursor, resumed.epoch > epoch]).toEqual([undefined, 0, true]);
  });

  it('does not resume what the log has no more of, and says what to do', async () => {
    const { id } = await registered(signed('a'));
    await store.hub.suspend(id, 'nobody answers', 'hub');
    for (const serial of [1, 2, 3]) await publish(serial);
    const before = await store.hub.subscription(id);
    // The retention of the first one is over.
    const later = { ...withHub(store.hub), readLog: (after: number, limit: number) => store.readLog(Math.max(1, after), limit) };
    const refusal = { status: 409, faults: [{ at: id, problem: expect.stringMatching(/^position 0 is before the log, which goes from 1 .* to 3 .*; DELETE this subscription and register anew, or have the operator resume it/) as string }] };
    await expect(register(later, signed('b'), rules, NOW)).rejects.toMatchObject(refusal);
    expect(await store.hub.subscription(id)).toEqual(before);
    await store.hub.resume(id, 1);
    await store.hub.suspend(id, 'nobody answers', 'hub');
    expect(await register(later, signed('b'), rules, NOW)).toMatchObject({ cursor: 1, secrets: { signing: [{ secret: secret('b') }, { secret: secret('a') }] } });
    expect((await store.hub.subscription(id))?.suspended).toBeUndefined();
    // An active one is the hub's to suspend.
    await store.hub.resume(id, 0);
    expect(await register(later, asked(), rules, NOW)).toMatchObject({ cursor: 0 });
    await store.hub.unregister(id);
    expect(await register(later, asked(), rules, NOW)).toMatchObject({ cursor: 3 });
  });

  it('does not resume what an operator suspended, but takes secrets', async () => {
    const { id } = await registered(signed('a'));
    await store.hub.suspend(id, 'nobody answers', 'hub');
    await store.hub.suspend(id, 'moving', 'operator');
    const again = await registered(signed('b'));
    expect(again).toMatchObject({ suspended: { reason: 'moving', by: 'operator' }, epoch: 0, secrets: { signing: [{ secret: secret('b') }, { secret: secret('a') }] } });
  });

  it('ends at the most that there may be, but not for those that are there', async () => {
    for (const path of ['a', 'b', 'c']) await registered(asked({ callback: `${CALLBACK}/${path}` }));
    await expect(registered(asked())).rejects.toMatchObject({ status: 409, message: expect.stringMatching(/3 subscriptions.*HUB_MAX/) as string });
    expect(await registered(asked({ callback: `${CALLBACK}/b` }))).toMatchObject({ callback: `${CALLBACK}/b` });
    await store.hub.unregister(asked({ callback: `${CALLBACK}/a` }).id);
    expect(await registered(asked())).toMatchObject({ callback: CALLBACK });
  });

  it('makes a new one where the old one is deleted at the same time', async () => {
    await registered(signed('a'));
    await publish(1);
    const hub: HubStore = faulty(store.hub, {
      setSecrets: async (real, id, ...secrets) => {
        await store.hub.unregister(id);
        return real(id, ...secrets);
      },
    });
    const again = await register(withHub(hub), signed('b'), rules, NOW);
    expect(again).toMatchObject({ cursor: 1, secrets: { signing: [{ secret: secret('b') }] } });
  });
});
