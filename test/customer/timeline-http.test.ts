import { deflateRawSync, gzipSync } from 'node:zlib';
import { asked } from '../support/embedded-service.js';
import { startWhole, type WholeService } from '../support/whole-service.js';
import { create, resources, settle, viewOf, type Entry, type View } from './household.js';

let service: WholeService;

beforeAll(async () => {
  service = await startWhole(resources);
  await settle(service.api);
});
afterAll(() => service.close());

const view = (query: string): Promise<View> => viewOf(service.customers, `ann${query}`);

describe('the timeline over HTTP', () => {
  test('is read page by page, along the links', async () => {
    const whole = (await view('?limit=100&channel=rest')).timeline;
    const seen: Entry[] = [];
    let next: string | undefined = '?limit=3&channel=rest&fields=timeline';
    while (next !== undefined) {
      const response = await service.customers.get(`/ann${next}`);
      const body = (await response.json()) as View;
      expect(Object.keys(body).sort()).toEqual(['href', 'id', 'timeline']);
      seen.push(...body.timeline);
      const link = response.headers.get('link') ?? '';
      expect(link).toContain('</tmf-api/customer360/v1/party/ann?channel=rest&fields=timeline&cursor=&limit=3>; rel="first"');
      next = /<[^?]*(\?[^>]+)>; rel="next"/.exec(link)?.[1];
      expect(response.headers.get('x-next-cursor')).toBe(next === undefined ? null : (/cursor=([^&]*)/.exec(next)?.[1] ?? ''));
    }
    expect(seen).toEqual(whole);
    expect(whole.length).toBeGreaterThan(12);
  });

  test('is asked for by kind and time', async () => {
    const times = async (query: string): Promise<unknown[]> => (await view(query)).timeline.map(({ kind, at }) => `${kind} ${at}`);
    expect(await times('?from=2024-03-01T10:00:00Z&to=2024-04-01T12:00:00%2B02:00')).toEqual(['interaction 2024-04-01T10:00:00.000Z', 'interaction 2024-03-01T10:00:00.000Z']);
    expect(await times('?kind=interaction&to=2024-03-31')).toEqual(['interaction 2024-03-01T10:00:00.000Z']);
    expect(await times('?kind=change&to=2024-12-31')).toEqual([]);
  });

  const forged = (value: unknown): string => deflateRawSync(JSON.stringify(value)).toString('base64url');

  test.each([
    ['kind', 'kind=both'],
    ['channel', 'channel='],
    ['from', 'from=yesterday'],
    ['to', 'to=2024-13-01'],
    ['to', 'from=2024-02-01&to=2024-01-01'],
    ['limit', 'limit=101'],
    ['limit', 'limit=-1'],
    ['type', 'type=Customer'],
    ['kind', 'kind=change&kind=change'],
    ['status', 'status=active'],
    ['cursor', 'cursor=abc'],
    ['cursor', 'cursor=%24'],
    ['cursor', `cursor=${forged({})}`],
    ['cursor', `cursor=${forged(['mark', 1e300, 'key', 1])}`],
    ['cursor', `cursor=${forged(['mark', 1, 'key', 1])}`],
    ['cursor', `cursor=${forged(['mark', 1, 'key', 1, 5])}`],
    ['cursor', `cursor=${deflateRawSync('['.repeat(1_000_000)).toString('base64url')}`],
    ['cursor', `cursor=${gzipSync('[]').toString('base64url')}`],
  ])('names %s, which is not valid: %s', async (name, query) => {
    const response = await service.customers.get(`/ann?${query}`);
    const body = (await response.json()) as { message: string };
    expect([response.status, body.message.startsWith(`${name}:`)]).toEqual([400, true]);
    expect(body).toHaveProperty('@type', 'Error');
  });

  test('takes a cursor for the timeline that it is of alone', async () => {
    const cursor = (await service.customers.get('/ann?limit=1&channel=rest')).headers.get('x-next-cursor') ?? '';
    expect((await service.customers.get(`/ann?limit=2&channel=rest&cursor=${cursor}`)).status).toBe(200);
    for (const other of [`/ann?cursor=${cursor}`, `/bob?channel=rest&cursor=${cursor}`, `/ann?channel=rest&kind=change&cursor=${cursor}`]) {
      expect((await service.customers.get(other)).status).toBe(400);
    }
  });

  test('has a cursor that fits into an address, however many histories are under way', async () => {
    await create(service.api, 'individual', { id: 'busy', givenName: 'B', familyName: 'B' });
    const ids = Array.from({ length: 250 }, (_, i) => `busy-${i}`);
    const body = { name: 'Role', engagedParty: { id: 'busy', '@referredType': 'Individual' } };
    const seen: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (let at = 0; at < ids.length; at += 40) await Promise.all(ids.slice(at, at + 40).map((id) => service.bus.request(round === 0 ? asked('create', id, body) : asked('patch', id, { round }), 5_000)));
    }
    for (let cursor: string | null = ''; cursor !== null; ) {
      const response = await service.customers.get(`/busy?limit=100&cursor=${cursor}&fields=timeline`);
      const { timeline } = (await response.json()) as View;
      seen.push(...timeline.map(({ id, revision }) => `${id} ${revision}`));
      cursor = response.headers.get('x-next-cursor');
      expect((cursor ?? '').length).toBeLessThanOrEqual(4_000);
    }
    expect([seen.length, new Set(seen).size]).toEqual([751, 751]);
  });
});
