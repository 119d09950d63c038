import { setTimeout as pause } from 'node:timers/promises';
import { OAuthTokens } from '../../src/hub/oauth.js';
import type { Outgoing } from '../../src/hub/sending.js';
import type { OAuthClient } from '../../src/store/hub-store.js';
import { closeAll, openSender, startListener, type LocalListener } from './local-listener.js';

const START = Date.UTC(2026, 2, 4);
const SECRET = 'pä ss:w+rd';

let listener: LocalListener;
let accepted: (token: string | undefined) => boolean;
let time: number;

beforeEach(async () => {
  accepted = () => true;
  time = START;
  listener = await startListener((response, { headers }) => response.writeHead(accepted(headers.authorization) ? 204 : 401).end());
});

afterEach(closeAll);

const now = (): Date => new Date(time);
const clientOf = (server: LocalListener, more: Partial<OAuthClient> = {}): OAuthClient => ({ tokenUrl: `${server.url}?tenant=1`, clientId: 'a:b c', clientSecret: SECRET, ...more });
const withToken = (oauth: OAuthClient): Outgoing => ({ callback: listener.url, headers: { 'content-type': 'application/json' }, body: '{}', id: 'e', signing: [], oauth });
const authorizations = (): (string | undefined)[] => listener.received.map(({ headers }) => headers.authorization);

/** Gives out t1, t2 and so on. */
function tokenServer(more: object = { expires_in: 100 }): Promise<LocalListener> {
  let count = 0;
  return startListener((response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ access_token: `t${++count}`, token_type: 'Bearer', ...more })));
}

it('asks for a token as client_secret_basic, form-encoded', async () => {
  const server = await tokenServer();
  expect(await openSender({ now }).send(withToken(clientOf(server, { scope: 'a b' })))).toEqual({ kind: 'delivered' });
  const [request] = server.received;
  expect(request).toMatchObject({ method: 'POST', path: '/listener?tenant=1', body: 'grant_type=client_credentials&scope=a+b', headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' } });
  expect(Buffer.from(String(request?.headers.authorization).replace('Basic ', ''), 'base64').toString()).toBe('a%3Ab+c:p%C3%A4+ss%3Aw%2Brd');
  expect(authorizations()).toEqual(['Bearer t1']);
});

it.each([
  [{ expires_in: 100 }, 70],
  [{ expires_in: '100' }, 70],
  [{}, 270],
  [{ expires_in: 20 }, 10],
])('keeps a token until shortly before its end: %j', async (more, seconds) => {
  const server = await tokenServer(more);
  const sender = openSender({ now });
  for (const after of [0, seconds - 1, seconds + 1]) {
    time = START + after * 1_000;
    await sender.send(withToken(clientOf(server)));
  }
  expect(authorizations()).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
});

it('asks once for all who wait, and for each client of its own', async () => {
  const server = await tokenServer();
  const sender = openSender({ now });
  await Promise.all(Array.from({ length: 8 }, () => sender.send(withToken(clientOf(server)))));
  expect(server.received).toHaveLength(1);
  expect(new Set(authorizations())).toEqual(new Set(['Bearer t1']));
  for (const more of [{ clientId: 'other' }, { clientSecret: 'other' }, { scope: 'other' }]) await sender.send(withToken(clientOf(server, more)));
  expect(server.received).toHaveLength(4);
});

it('forgets a token that the listener does not take', async () => {
  const server = await tokenServer();
  const sender = openSender({ now });
  accepted = (authorization) => authorization !== 'Bearer t1';
  expect(await sender.send(withToken(clientOf(server)))).toEqual({ kind: 'failed', error: 'answered 401' });
  expect(await sender.send(withToken(clientOf(server)))).toEqual({ kind: 'delivered' });
  expect(authorizations()).toEqual(['Bearer t1', 'Bearer t2']);
});

it('forgets no newer token for a late answer to an older one', async () => {
  const server = await tokenServer();
  const held = await startListener((response, { headers }) => void pause(headers.authorization === 'Bearer t1' ? 100 : 0).then(() => response.writeHead(headers.authorization === 'Bearer t1' ? 401 : 204).end()));
  const sender = openSender({ now });
  const early = { ...withToken(clientOf(server)), callback: held.url };
  const late = sender.send(early);
  await pause(50);
  time += 80_000;
  expect(await sender.send(early)).toEqual({ kind: 'delivered' });
  expect(await late).toEqual({ kind: 'failed', error: 'answered 401' });
  expect(await sender.send(early)).toEqual({ kind: 'delivered' });
  expect(server.received).toHaveLength(2);
});

it.each([
  [401, {}, '{"error":"invalid_client"}', { error: 'the token request was answered 401' }],
  [503, { 'retry-after': '5' }, '', { error: 'the token request was answered 503', retryAfterMs: 5_000 }],
  [302, { location: '/other' }, '', { error: 'the token request was answered 302' }],
  [200, {}, 'no JSON', { error: 'the answer to the token request holds no bearer token' }],
  [200, {}, '[]', { error: 'the answer to the token request holds no bearer token' }],
  [200, {}, '{"token_type":"bearer"}', { error: 'the answer to the token request holds no bearer token' }],
  [200, {}, '{"access_token":"t","token_type":"mac"}', { error: 'the answer to the token request holds no bearer token' }],
  [200, {}, '{"access_token":"t\\r\\nx-more: 1","token_type":"bearer"}', { error: 'the answer to the token request holds no bearer token' }],
  [200, {}, JSON.stringify({ access_token: 'x'.repeat(100_000), token_type: 'bearer' }), { error: 'the answer to the token request holds no bearer token' }],
])('sends nothing without a token: %d, %j', async (status, headers, body, outcome) => {
  const server = await startListener((response) => response.writeHead(status, headers).end(body));
  const sender = openSender({ now });
  expect(await sender.send(withToken(clientOf(server)))).toEqual({ kind: 'failed', ...outcome });
  expect(listener.received).toHaveLength(0);
  // A failure is not kept.
  await sender.send(withToken(clientOf(server)));
  expect(server.received).toHaveLength(2);
});

it('asks no server that is not allowed', async () => {
  const outcome = await openSender({ now }).send(withToken({ tokenUrl: 'http://169.254.169.254/latest', clientId: 'a', clientSecret: 'b' }));
  expect(outcome).toEqual({ kind: 'failed', error: 'the token request failed: the target 169.254.169.254 is not allowed' });
});

it('asks again after a request that was thrown out', async () => {
  const answers = [() => Promise.reject(new Error('a fault')), () => Promise.resolve({ status: 200, body: '{"access_token":"t","token_type":"bearer"}' })];
  const tokens = new OAuthTokens({ post: () => answers.shift()?.() ?? Promise.reject(new Error('asked too often')) }, now);
  await expect(tokens.token(clientOf(listener))).rejects.toThrow('a fault');
  expect([await tokens.token(clientOf(listener)), await tokens.token(clientOf(listener))]).toEqual(['t', 't']);
});
