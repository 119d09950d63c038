import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService, type Service } from '../support/service.js';
import { killWhen, runForText, runTool, type Finished } from '../support/tool.js';
import { Api } from './api.js';

/** A deployment to load into. */
export interface Deployment {
  readonly settings: Readonly<Record<string, string>>;
  /** Where its service is: over REST; undefined: over the bus. */
  readonly url: (service: Service) => string | undefined;
  /** The content of every event about party roles so far. */
  readonly events: (service: Service) => string[];
  close(): Promise<void>;
}

const LINES = 2_000;
const [NOT_JSON, WITHOUT_NAME, BLANK] = [10, 40, 60];
const REFUSED = 2 * (LINES / 100);
const GOOD = LINES - REFUSED - LINES / 100;

const numberOf = (line: number): string => `role-${String(line).padStart(4, '0')}`;

/** Of each hundred lines one is no JSON, one lacks its name and one is blank. */
function lineOf(line: number): string {
  const place = line % 100;
  if (place === NOT_JSON) return '{"id": "cut o';
  if (place === WITHOUT_NAME) return JSON.stringify({ id: numberOf(line), status: 'active' });
  if (place === BLANK) return '';
  const reference = { id: `p-${line}`, name: 'Ann', '@referredType': 'Organization' };
  return JSON.stringify({ id: numberOf(line), name: `Role ${line}`, status: 'active', engagedParty: reference, validFor: { startDateTime: '2024-01-01T00:00:00+01:00' } });
}

/** Loading and leaving, with the tools as processes of their own. */
export function transferSuite(open: (name: string) => Promise<Deployment>): void {
  let folder: string;
  let file: string;
  let first: Deployment;
  let service: Service;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'party-role-transfer-'));
    file = join(folder, 'roles.ndjson');
    writeFileSync(file, `${Array.from({ length: LINES }, (_, index) => lineOf(index + 1)).join('\n')}\n`);
    first = await open('first');
    service = await startService(first.settings);
  }, 120_000);
  afterAll(async () => {
    await service.stop();
    await first.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const importing = (from: string, into: Deployment, at: Service): string[] => {
    const url = into.url(at);
    return ['import', from, '--resource', 'partyRole', '--source', '/legacy-crm', ...(url === undefined ? [] : ['--url', url])];
  };
  const load = (from = file): Promise<Finished> => runTool(first.settings, ...importing(from, first, service));
  const progress = (): number => (existsSync(`${file}.progress`) ? (JSON.parse(readFileSync(`${file}.progress`, 'utf8')) as { place: { number: number } }).place.number : 0);
  const refusedLines = (): Record<string, unknown>[] => readFileSync(`${file}.refused.ndjson`, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  const count = async (): Promise<number> => Number((await new Api(service.url).get('?limit=1')).headers.get('x-total-count'));

  it('goes on after SIGKILL, and has then created one resource for each good line and told of each other one', async () => {
    await killWhen(() => progress() >= 300, first.settings, ...importing(file, first, service), '--rate', '500');
    const before = await count();
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(GOOD);

    const done = await load();
    expect([done.code, existsSync(`${file}.progress`)]).toEqual([1, false]);
    const { totals, wentOnBehindLine } = done.lines.at(-1) as { totals: Record<string, number>; wentOnBehindLine: number };
    expect(wentOnBehindLine).toBeGreaterThanOrEqual(300);
    expect(totals).toMatchObject({ lines: GOOD + REFUSED, refused: REFUSED });
    expect((totals['created'] ?? 0) + (totals['alreadyThere'] ?? 0)).toBe(GOOD);
    expect(await count()).toBe(GOOD);

    const places = [NOT_JSON, WITHOUT_NAME];
    expect(refusedLines().map((line) => (line['@refused'] as { line: number }).line)).toEqual(Array.from({ length: REFUSED }, (_, index) => Math.floor(index / 2) * 100 + (places[index % 2] ?? 0)));
    expect(done.lines.at(-2)).toEqual({ line: LINES - 100 + WITHOUT_NAME, outcome: 'refused', id: numberOf(LINES - 100 + WITHOUT_NAME), status: 400, fault: '/name: is mandatory' });
  }, 120_000);

  it('marks the events, of which there is one for each resource', async () => {
    const imported = (): Record<string, unknown>[] => first.events(service).map((content) => JSON.parse(content) as Record<string, unknown>).filter(({ source }) => source !== undefined);
    await service.until('all events have arrived', () => new Set(imported().map(({ subject }) => subject)).size >= GOOD);
    expect(imported().filter((event) => event['imported'] !== true)).toEqual([]);
    expect(new Set(imported().map(({ id }) => id)).size).toBe(GOOD);
  }, 60_000);

  it('makes no doubles when it is run once more', async () => {
    const { code, lines } = await load();
    expect([code, lines.at(-1)]).toEqual([1, { totals: { lines: GOOD + REFUSED, created: 0, alreadyThere: GOOD, refused: REFUSED, warned: expect.any(Number) as number }, refusedFile: `${file}.refused.ndjson` }]);
    expect(await count()).toBe(GOOD);
  }, 120_000);

  it('takes the refused lines once they are corrected', async () => {
    const corrected = join(folder, 'corrected.ndjson');
    const fixable = refusedLines().filter(({ id }) => id !== undefined);
    writeFileSync(corrected, fixable.map((line) => `${JSON.stringify({ ...line, name: 'Mended' })}\n`).join(''));
    const { code, lines } = await load(corrected);
    expect([code, lines.at(-1)?.['totals']]).toEqual([0, { lines: fixable.length, created: fixable.length, alreadyThere: 0, refused: 0, warned: expect.any(Number) as number }]);
    expect(existsSync(`${corrected}.refused.ndjson`)).toBe(false);
    expect(await count()).toBe(GOOD + fixable.length);
  }, 60_000);

  it('exports what another deployment imports, and that is then the same', async () => {
    await service.stop();
    const exported = join(folder, 'exported.ndjson');
    const of = async ({ settings }: Deployment): Promise<string[]> => {
      const { code, output, errors } = await runForText(settings, 'export', '--resource', 'partyRole');
      expect([code, errors]).toEqual([0, '']);
      return output.split('\n').filter((line) => line !== '');
    };
    const lines = await of(first);
    expect(lines).toHaveLength(GOOD + LINES / 100);
    writeFileSync(exported, lines.join('\n'));

    const second = await open('second');
    const empty = await startService(second.settings);
    const done = await runTool(second.settings, ...importing(exported, second, empty));
    await empty.stop();
    expect([done.code, done.lines.at(-1)?.['totals']]).toMatchObject([0, { created: lines.length, refused: 0 }]);
    const parsed = (texts: readonly string[]): unknown[] => texts.map((text) => JSON.parse(text) as unknown);
    expect(parsed(await of(second))).toEqual(parsed(lines));
    await second.close();
  }, 120_000);
}
