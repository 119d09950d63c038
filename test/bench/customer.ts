import { percentile } from './percentile.js';
import type { Line } from './report.js';

const RELATED = 100;
const READS = 600;
const WARM_UP = 200;
const AT_ONCE = 20;
const API = '/tmf-api';

const VIEW = `view of a customer with ${RELATED} resources`;
const BESIDE = 'GET by id, beside it';

/**
 * Makes a customer and reads its view and single roles in turn; milliseconds, by what was measured.
 * @param url the collection of roles of a service that has nothing else to do
 * @param roles how many are stored, `role-0` and so on
 */
export async function measureView(url: string, roles: number, name: string): Promise<ReadonlyMap<string, number>> {
  const origin = new URL(url).origin;
  await makeCustomer(origin, name);
  const times = { view: [] as number[], role: [] as number[] };
  for (let number = 0; number < READS; number += 1) {
    times.view.push(await timed(`${origin}${API}/customer360/v1/party/${name}`));
    times.role.push(await timed(`${url}/role-${(number * 7919) % roles}`));
  }
  const figures = [[VIEW, times.view], [BESIDE, times.role]] as const;
  return new Map(figures.flatMap(([what, all]) => [0.5, 0.99].map((share): [string, number] => [labelOf(what, share), percentile(all.slice(WARM_UP), share)])));
}

/** @param of the values of a figure, one for each round */
export function viewLines(of: (what: string) => readonly number[], roles: number): Line[] {
  const line = (what: string): Line => ({ section: 'growth', what: `${what}, ${roles} roles`, unit: 'ms', values: of(what) });
  return [0.5, 0.99].flatMap((share): Line[] => {
    const [view, role] = [labelOf(VIEW, share), labelOf(BESIDE, share)];
    const values = of(view).map((value, round) => value / (of(role)[round] ?? NaN));
    return [line(view), line(role), { section: 'growth', what: `${view} ÷ ${role}`, unit: '×', values, target: { atMost: 10 } }];
  });
}

function labelOf(what: string, share: number): string {
  return `${what}: p${share * 100}`;
}

/** A profile, and what is related to it, with a change of every fourth. */
async function makeCustomer(origin: string, name: string): Promise<void> {
  const party = { id: name, name: 'Ann', '@referredType': 'Individual' };
  await write(origin, 'POST', 'party/v4/individual', { id: name, givenName: 'Ann', familyName: 'Lee', contactMedium: [{ mediumType: 'email', characteristic: { emailAddress: 'ann@example.com' } }] });
  const channel = [{ id: 'shop-1', name: 'Shop', href: 'https://shop.example.com' }];
  const kinds: readonly (readonly [count: number, path: string, body: (number: number) => object])[] = [
    [5, 'partyRoleManagement/v4/partyRole', () => ({ name: 'Customer', engagedParty: party, contactMedium: [{ mediumType: 'phone', preferred: true, characteristic: { phoneNumber: '1' } }] })],
    [20, 'accountManagement/v4/partyAccount', () => ({ name: 'Account', relatedParty: [party] })],
    [10, 'accountManagement/v4/billingAccount', () => ({ name: 'Bills', relatedParty: [party] })],
    [10, 'agreementManagement/v4/agreement', () => ({ name: 'Contract', agreementType: 'commercial', agreementItem: [{ product: [{ id: 'product-1' }] }], engagedParty: [party] })],
    [5, 'paymentMethod/v4/paymentMethod', () => ({ '@type': 'cash', name: 'Cash', relatedParty: party })],
    [50, 'partyInteraction/v4/partyInteraction', (number) => ({ reason: 'Asks', direction: 'inbound', channel, interactionDate: { startDateTime: new Date(1.7e12 + number * 3.6e6).toISOString() }, relatedParty: [party] })],
  ];
  const all = kinds.flatMap(([count, path, body]) => Array.from({ length: count }, (_, number) => ({ path, id: `${name}-${number}`, body: body(number) })));
  if (all.length !== RELATED) throw new Error(`${all.length} resources`);
  for (let first = 0; first < all.length; first += AT_ONCE) {
    await Promise.all(all.slice(first, first + AT_ONCE).map(({ path, id, body }) => write(origin, 'POST', path, { id, ...body })));
  }
  const changed = all.filter((_, number) => number % 4 === 0);
  await Promise.all(changed.map(({ path, id }) => write(origin, 'PATCH', `${path}/${id}`, { description: 'Changed' })));
}

async function write(origin: string, method: string, path: string, body: object): Promise<void> {
  const response = await fetch(`${origin}${API}/${path}`, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${response.status} ${path}: ${await response.text()}`);
  await response.arrayBuffer();
}

async function timed(url: string): Promise<number> {
  const from = performance.now();
  const response = await fetch(url);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${response.status} for ${url}`);
  return performance.now() - from;
}
