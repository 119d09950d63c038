import { createHmac, randomBytes } from 'node:crypto';
import { readSecret, signatureHeaders } from '../../src/hub/signature.js';

const now = new Date('2026-03-04T05:06:07.890Z');
const SECONDS = String(Date.UTC(2026, 2, 4, 5, 6, 7) / 1_000);

/** What a receiver does by the text of the standard, written without the code under test. */
function verifies(headers: Readonly<Record<string, string>>, body: string, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`, 'utf8').digest('base64');
  return (headers['webhook-signature'] ?? '').split(' ').some((one) => one === `v1,${expected}`);
}

const fresh = (): string => randomBytes(32).toString('base64');

it('signs so that the example of the standard comes out', () => {
  // Of the reference implementations' tests.
  const headers = signatureHeaders({ id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}', signing: [{ secret: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }] }, new Date(1_614_265_330_000));
  expect(headers).toEqual({ 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330', 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' });
});

it('signs id, time and body', () => {
  const secret = fresh();
  const body = '{"name":"Ann Ünlü 🙂"}';
  const headers = signatureHeaders({ id: 'e1', body, signing: [{ secret }] }, now);
  expect(headers['webhook-timestamp']).toBe(SECONDS);
  expect(verifies(headers, body, `whsec_${secret}`)).toBe(true);
  expect(verifies(headers, `${body} `, secret)).toBe(false);
  expect(verifies({ ...headers, 'webhook-id': 'e2' }, body, secret)).toBe(false);
  expect(verifies({ ...headers, 'webhook-timestamp': String(Number(SECONDS) + 1) }, body, secret)).toBe(false);
  expect(verifies(headers, body, fresh())).toBe(false);
});

it('signs with each secret until its time is over, newest first', () => {
  const [newest, older, over, ending] = [fresh(), fresh(), fresh(), fresh()];
  const signing = [{ secret: newest }, { secret: older, until: new Date(now.getTime() + 1) }, { secret: over, until: new Date(now.getTime() - 1) }, { secret: ending, until: now }];
  const headers = signatureHeaders({ id: 'e1', body: '{}', signing }, now);
  expect([newest, older, over, ending].map((secret) => verifies(headers, '{}', secret))).toEqual([true, true, false, false]);
  const [first = '', ...others] = (headers['webhook-signature'] ?? '').split(' ');
  expect(others).toHaveLength(1);
  expect(verifies({ ...headers, 'webhook-signature': first }, '{}', newest)).toBe(true);
});

it('signs nothing without a secret that is valid', () => {
  const none = { 'webhook-id': 'e1', 'webhook-timestamp': SECONDS };
  expect(signatureHeaders({ id: 'e1', body: '{}', signing: [] }, now)).toEqual(none);
  expect(signatureHeaders({ id: 'e1', body: '{}', signing: [{ secret: fresh(), until: now }] }, now)).toEqual(none);
});

it('reads secrets of 24 to 64 bytes', () => {
  for (const bytes of [24, 25, 26, 32, 63, 64]) {
    const base64 = randomBytes(bytes).toString('base64');
    expect(readSecret(`whsec_${base64}`)).toBe(base64);
  }
  const base64 = Buffer.alloc(25, 0xff).toString('base64');
  for (const text of ['', 'whsec_', base64, `WHSEC_${base64}`, ` whsec_${base64}`, `whsec_${base64} `, `whsec_${base64}\n`, `whsec_${base64.replaceAll('=', '')}`, `whsec_${base64.replaceAll('/', '_')}`, `whsec_${base64.slice(0, -4)}!!!!`]) {
    expect([text, readSecret(text)]).toEqual([text, undefined]);
  }
  for (const bytes of [0, 1, 23, 65, 1_000]) expect(readSecret(`whsec_${randomBytes(bytes).toString('base64')}`)).toBeUndefined();
});
