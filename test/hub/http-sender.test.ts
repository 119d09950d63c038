import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { AllowedTargets } from '../../src/hub/allowed-targets.js';
import type { Outcome, Outgoing } from '../../src/hub/sending.js';
import { closeAll, openSender, startListener, startRaw } from './local-listener.js';

const failed = (error: string): Outcome => ({ kind: 'failed', error });
const to = (callback: string, more: Partial<Outgoing> = {}): Outgoing => ({ callback, headers: { 'content-type': 'application/json' }, body: '{"a":1}', id: 'event-1', signing: [], ...more });

afterEach(closeAll);

it('delivers body and headers as they are, signed', async () => {
  const secret = randomBytes(32).toString('base64');
  const listener = await startListener((response) => response.writeHead(204).end());
  const body = '{"name":"Ann Ünlü 🙂"}';
  const now = new Date('2026-03-04T05:06:07.890Z');
  const sender = openSender({ now: () => now });
  const headers = { 'content-type': 'application/json', 'ce-id': 'e 1' };
  expect(await sender.send(to(`${listener.url}/a%20b?x=1&y=%2F`, { headers, body, signing: [{ secret }] }))).toEqual({ kind: 'delivered' });
  expect(listener.received).toMatchObject([{ method: 'POST', path: '/listener/a%20b?x=1&y=%2F', body }]);
  const [received] = listener.received;
  expect(received?.headers).toMatchObject({ ...headers, 'content-length': String(Buffer.byteLength(body)), host: `127.0.0.1:${listener.port}`, 'user-agent': 'party-role-worker', 'webhook-id': 'event-1', 'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)) });
  const signed = `event-1.${String(received?.headers['webhook-timestamp'])}.${String(received?.body)}`;
  expect(received?.headers['webhook-signature']).toBe(`v1,${createHmac('sha256', Buffer.from(secret, 'base64')).update(signed).digest('base64')}`);
  expect(received?.headers.authorization).toBeUndefined();
});

it.each([200, 201, 202, 204, 299])('takes %d for delivered', async (status) => {
  const listener = await startListener((response) => response.writeHead(status).end());
  expect(await openSender().send(to(listener.url))).toEqual({ kind: 'delivered' });
});

it.each([400, 401, 403, 404, 409, 422, 500, 502, 599])('takes %d for failed, and says nothing of the body', async (status) => {
  const listener = await startListener((response) => response.writeHead(status).end('hush'));
  expect(await openSender().send(to(listener.url))).toEqual(failed(`answered ${status}`));
});

it.each([429, 503])('takes %d for failed, whatever was sent', async (status) => {
  const listener = await startListener((response) => response.writeHead(status).end('hush'));
  expect(await openSender().send(to(listener.url))).toEqual({ ...failed(`answered ${status}`), busy: true });
});

it('takes 410 for gone', async () => {
  const listener = await startListener((response) => response.writeHead(410).end());
  expect(await openSender().send(to(listener.url))).toEqual({ kind: 'gone' });
});

it.each([300, 301, 302, 303, 304, 307, 308])('follows no redirect: %d', async (status) => {
  const other = await startListener((response) => response.end());
  const listener = await startListener((response) => response.writeHead(status, { location: other.url }).end());
  expect(await openSender().send(to(listener.url))).toEqual(failed(`answered ${status}, and redirects are not followed`));
  expect(other.connections()).toBe(0);
});

it.each([
  [429, '7', 7_000],
  [503, 'Wed, 04 Mar 2026 05:06:17 GMT', 10_000],
  [500, '86400', 3_600_000],
])('passes on what Retry-After asks for: %d %s', async (status, value, retryAfterMs) => {
  const listener = await startListener((response) => response.writeHead(status, { 'retry-after': value }).end());
  const sender = openSender({ now: () => new Date('2026-03-04T05:06:07Z') });
  expect(await sender.send(to(listener.url))).toMatchObject({ ...failed(`answered ${status}`), retryAfterMs });
});

it('keeps connections, and no more of them than it may', async () => {
  const listener = await startListener((response) => void pause(5).then(() => response.end('ok')));
  const sender = openSender({ connections: 3 });
  for (let round = 0; round < 5; round++) {
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => sender.send(to(listener.url))));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['delivered']));
  }
  expect(listener.received).toHaveLength(60);
  expect(listener.connections()).toBe(3);
});

it('has a connection for each that is under way, where there is no limit', async () => {
  const slow = await startListener((response, { body }) => void pause(body === 'slow' ? 1_000 : 0).then(() => response.end()));
  const sender = openSender();
  const waiting = Array.from({ length: 20 }, () => sender.send(to(slow.url, { body: 'slow' })));
  const started = performance.now();
  expect(await sender.send(to(slow.url))).toEqual({ kind: 'delivered' });
  expect(performance.now() - started).toBeLessThan(900);
  await Promise.all(waiting);
  expect(slow.connections()).toBe(21);
});

describe('listeners that misbehave', () => {
  it('refuses the connection, also of those that wait for one', async () => {
    const listener = await startListener((response) => response.end());
    await listener.close();
    const sender = openSender({ connections: 2 });
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => sender.send(to(listener.url))));
    expect(outcomes).toEqual(Array(10).fill(failed('the connection was refused')));
  });

  it('is there again after it was away', async () => {
    const first = await startListener((response) => response.end());
    const sender = openSender();
    expect(await sender.send(to(first.url))).toEqual({ kind: 'delivered' });
    await first.close();
    expect((await sender.send(to(first.url))).kind).toBe('failed');
    await startListener((response) => response.end(), first.port);
    expect(await sender.send(to(first.url))).toEqual({ kind: 'delivered' });
  });

  it('never answers', async () => {
    const listener = await startRaw((socket) => socket.resume());
    const started = performance.now();
    expect(await openSender({ timeoutMs: 150 }).send(to(listener.url))).toEqual(failed('no answer within 150 ms'));
    expect(performance.now() - started).toBeLessThan(1_500);
    await gone(listener.open);
  });

  it('holds all connections: what waited too long is never sent', async () => {
    const listener = await startListener((response, { body }) => void (body === 'hang' || response.end()));
    const sender = openSender({ timeoutMs: 400, connections: 1 });
    const hanging = sender.send(to(listener.url, { body: 'hang' }));
    await pause(200);
    const waiting = sender.send(to(listener.url, { body: 'hang' }));
    expect(await hanging).toEqual(failed('no answer within 400 ms'));
    expect(await waiting).toEqual(failed('no answer within 400 ms'));
    expect(await sender.send(to(listener.url, { body: 'fine' }))).toEqual({ kind: 'delivered' });
    const over = [sender.send(to(listener.url, { body: 'hang' })), sender.send(to(listener.url, { body: 'late' }))];
    expect((await Promise.all(over)).map(({ kind }) => kind)).toEqual(['failed', 'failed']);
    await pause(100);
    expect(listener.received.map(({ body }) => body)).not.toContain('late');
  });

  it('sends its headers too slowly', async () => {
    const listener = await startRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('x-more: 1\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await openSender({ timeoutMs: 150 }).send(to(listener.url))).toEqual(failed('no answer within 150 ms'));
  });

  it('sends interim answers for ever', async () => {
    const listener = await startRaw((socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 10);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await openSender({ timeoutMs: 150 }).send(to(listener.url))).toEqual(failed('no answer within 150 ms'));
  });

  it.each([
    ['garbage', 'garbage\r\n\r\n', 'the answer was no HTTP'],
    ['a status of five digits', 'HTTP/1.1 99999 No\r\n\r\n', 'the answer was no HTTP'],
    ['nothing', '', 'the connection was closed before an answer'],
    ['half of its headers', 'HTTP/1.1 200 OK\r\ncontent-le', 'the connection was closed before an answer'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n', 'the connection was closed before an answer'],
    ['headers without end', `HTTP/1.1 200 OK\r\nx-long: ${'x'.repeat(40_000)}\r\n\r\n`, 'the headers of the answer are too large'],
  ])('answers %s', async (_, text, problem) => {
    const listener = await startRaw((socket) => socket.once('data', () => socket.end(text)));
    expect(await openSender().send(to(listener.url))).toEqual(failed(problem));
  });

  it('refuses at each of its addresses', async () => {
    const listener = await startListener((response) => response.end());
    await listener.close();
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((address) => ({ address, family: 4 }));
    const sender = openSender({ rules: { allowed: new AllowedTargets(['127.0.0.0/8']), httpsOnly: false }, resolve: () => Promise.resolve(addresses) });
    expect(await sender.send(to(`http://several.example:${listener.port}/`))).toEqual(failed('the connection was refused'));
  });

  it('resets the connection', async () => {
    const listener = await startRaw((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await openSender().send(to(listener.url))).toEqual(failed('the connection was closed before an answer'));
  });

  it('sends a body without end: its status counts, and the connection is closed', async () => {
    let sent = 0;
    for (const [status, outcome] of [[200, { kind: 'delivered' }], [500, failed('answered 500')]] as const) {
      const listener = await startListener((response) => {
        response.writeHead(status);
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(16_384))) sent += 16_384;
        };
        response.on('drain', more);
        more();
      });
      expect(await openSender().send(to(listener.url))).toEqual(outcome);
      await gone(listener.open);
    }
    // What the buffers of the two ends took, beside the 64 KiB.
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });

  it('sends a body slowly, or less of it than it said', async () => {
    const slow = await startListener((response) => response.writeHead(200).write('begun'));
    expect(await openSender({ timeoutMs: 150 }).send(to(slow.url))).toEqual({ kind: 'delivered' });
    const short = await startRaw((socket) => socket.once('data', () => socket.end('HTTP/1.1 503 No\r\ncontent-length: 10\r\n\r\nshort')));
    expect(await openSender().send(to(short.url))).toEqual({ ...failed('answered 503'), busy: true });
  });
});

describe('targets', () => {
  it('connects to no address that is not allowed, in whatever writing', async () => {
    const listener = await startListener((response) => response.end());
    const sender = openSender({ rules: { allowed: new AllowedTargets([]), httpsOnly: false } });
    for (const host of ['127.0.0.1', '127.1', '2130706433', '0x7f.1', 'localhost', '[::ffff:127.0.0.1]']) {
      const outcome = await sender.send(to(`http://${host}:${listener.port}/`));
      expect([host, outcome]).toEqual([host, failed(`the target ${host === 'localhost' ? host : host.startsWith('[') ? '::ffff:7f00:1' : '127.0.0.1'} is not allowed`)]);
    }
    expect(listener.connections()).toBe(0);
  });

  it('wants https where that is the rule by now', async () => {
    const listener = await startListener((response) => response.end());
    const sender = openSender({ rules: { allowed: new AllowedTargets(['127.0.0.1']), httpsOnly: true } });
    expect(await sender.send(to(listener.url))).toEqual(failed('must be https'));
    expect(listener.connections()).toBe(0);
  });

  it('connects to the addresses that were checked, and asks once', async () => {
    const checked = await startListener((response) => response.writeHead(200, { connection: 'close' }).end(), 0, '127.0.0.2');
    const inner = await startListener((response) => response.end(), checked.port, '127.0.0.1');
    const answers = ['127.0.0.2', '127.0.0.1'];
    const asked: string[] = [];
    const resolve = (host: string): Promise<{ address: string; family: number }[]> => {
      asked.push(host);
      return Promise.resolve([{ address: answers.shift() ?? '127.0.0.1', family: 4 }]);
    };
    const lines: unknown[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const sender = openSender({ resolve, log, rules: { allowed: new AllowedTargets(['127.0.0.2']), httpsOnly: false } });
    expect(await sender.send(to(`http://rebinding.example:${checked.port}/`))).toEqual({ kind: 'delivered' });
    expect([checked.received.length, asked]).toEqual([1, ['rebinding.example']]);
    expect(await sender.send(to(`http://rebinding.example:${checked.port}/`))).toEqual(failed('the target rebinding.example is not allowed'));
    // The address is for the operator alone.
    expect(lines).toEqual([expect.objectContaining({ address: '127.0.0.1', msg: 'the target rebinding.example is not allowed' })]);
    expect([checked.received.length, inner.connections(), asked.length]).toEqual([1, 0, 2]);
    expect(checked.received[0]?.headers.host).toBe(`rebinding.example:${checked.port}`);
  });

  it('says that a name does not resolve', async () => {
    expect(await openSender().send(to('http://no-such-host.invalid/'))).toEqual(failed(expect.stringMatching(/^the host name (does not resolve|cannot be resolved at present)$/) as string));
    const never = openSender({ timeoutMs: 100, resolve: () => new Promise(() => undefined) });
    expect(await never.send(to('http://slow.example/'))).toEqual(failed('no answer within 100 ms'));
  });

  it('says what is no callback at all', async () => {
    expect(await openSender().send(to('nonsense'))).toEqual(failed('must be an absolute URL with http or https'));
    expect(await openSender().send(to('http://127.0.0.1/', { headers: { 'x-bad': 'a\nb' } }))).toEqual(failed('the request cannot be written'));
  });
});

it('cuts off what is under way when it is closed', async () => {
  const listener = await startRaw(() => undefined);
  const sender = openSender({ connections: 1 });
  const outcomes = [sender.send(to(listener.url)), sender.send(to(listener.url))];
  await pause(50);
  await sender.close();
  expect(await Promise.all(outcomes)).toEqual([failed('the service is stopping'), failed('the service is stopping')]);
  expect(await sender.send(to(listener.url))).toEqual(failed('the service is stopping'));
});

async function gone(open: () => number): Promise<void> {
  for (let tries = 0; open() > 0 && tries < 100; tries++) await pause(10);
  expect(open()).toBe(0);
}
