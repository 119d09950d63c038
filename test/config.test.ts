import { definitions, resourceNames } from '../src/handlers/index.js';
import { ConfigError, readConfig } from '../src/config.js';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('was accepted');
}

it('runs everything embedded without any setting', () => {
  expect(readConfig({})).toMatchObject({ busUrl: 'memory:', storeUrl: 'file:./data', port: 8080, host: '127.0.0.1', roles: new Set(['http', 'worker', 'hub']), roleTypeDefault: true });
});

it('takes an empty variable for an absent one', () => {
  expect(readConfig({ PORT: '', BUS_URL: '' })).toMatchObject({ port: 8080, busUrl: 'memory:' });
});

it('names every bad variable at once', () => {
  const problems = problemsOf({ PORT: '80x', BUS_URL: 'http://x', ROLES: 'cook', LOG_LEVEL: 'loud', PREFIX: 'A.b', PUBLIC_URL: 'ftp://x', BASE_PATH: 'x', LANES: '0', ROLE_TYPE_DEFAULT: 'yes' });
  expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual(['BASE_PATH', 'BUS_URL', 'LANES', 'LOG_LEVEL', 'PORT', 'PREFIX', 'PUBLIC_URL', 'ROLES', 'ROLE_TYPE_DEFAULT']);
});

it('refuses settings that contradict each other', () => {
  expect(problemsOf({ ROLES: 'http' })).toEqual([expect.stringContaining('memory:')]);
  expect(problemsOf({ PAGE_DEFAULT: '50', PAGE_MAX: '10' })).toEqual([expect.stringContaining('PAGE_DEFAULT')]);
  expect(problemsOf({ TOMBSTONE_MINUTES: '1' })).toEqual([expect.stringContaining('TOMBSTONE_MINUTES')]);
});

it('allows the base path of another system', () => {
  expect(readConfig({ BASE_PATH: '/customer-service/' }).basePath).toBe('/customer-service');
});

it('takes indexes of an operator, for resources that there are', () => {
  expect(readConfig({ INDEXES: 'partyRole:tier, partyRole:account.name:filter' }).indexes).toEqual([
    { resource: 'partyRole', path: 'tier', filterOnly: false },
    { resource: 'partyRole', path: 'account.name', filterOnly: true },
  ]);
  expect(readConfig({}).indexes).toEqual([]);
  expect(resourceNames).toEqual(definitions({ roleTypeDefault: true, lifeCycles: new Map() }).map(({ name }) => name));
});

it.each(['tier', 'partyRole', 'partyRole:', 'partyRole:a:sort', 'party:name', 'partyRole:a..b', 'partyRole:$where', 'partyRole:a.$b', 'partyRole:a[0]', 'partyRole:a b', 'partyRole:id', 'partyRole:href', 'partyRole:a;partyRole:b', Array.from({ length: 41 }, (_, i) => `partyRole:a${i}`).join()])('refuses the indexes %s', (value) => {
  expect(problemsOf({ INDEXES: value })).toEqual([expect.stringMatching(/^INDEXES /)]);
});

describe('life cycles', () => {
  it('are as the operator has them, or none', () => {
    const lifeCycles = { partyRole: { active: ['suspended'], suspended: ['active', 'ended'], ended: [] }, individual: null };
    expect(readConfig({ LIFE_CYCLES: JSON.stringify(lifeCycles) }).lifeCycles).toEqual(new Map([['partyRole', lifeCycles.partyRole], ['individual', undefined]]));
    expect(readConfig({}).lifeCycles).toEqual(new Map());
  });

  it.each<[string, RegExp]>([
    ['active', /must be JSON such as/],
    ['[]', /must be a JSON object/],
    ['{"card":{"a":[]}}', /card: there is no such resource/],
    ['{"billFormat":{"a":[]}}', /billFormat: there is no such resource that has a state/],
    ['{"partyRole":"active"}', /partyRole: must be an object/],
    ['{"partyRole":{}}', /partyRole: must have at least one state/],
    ['{"partyRole":{"active":"ended"}}', /partyRole.active: must be the list/],
    ['{"partyRole":{"active":["ended"]}}', /partyRole.active: "ended" is no state of it/],
    ['{"partyRole":{"active":[7]}}', /partyRole.active: 7 is no state of it/],
  ])('refuses %s', (value, problem) => {
    expect(problemsOf({ LIFE_CYCLES: value })).toEqual([expect.stringMatching(new RegExp(`^LIFE_CYCLES ${problem.source}`))]);
  });
});

describe('modes of references', () => {
  it('are one for all, and others by place', () => {
    const { references, onDelete } = readConfig({ REFERENCES: 'strict, partyRole.account:off', ON_DELETE: 'billingAccount.billStructure.format:keep,detach' });
    expect([references, onDelete]).toEqual([new Map([['*', 'strict'], ['partyRole.account', 'off']]), new Map([['billingAccount.billStructure.format', 'keep'], ['*', 'detach']])]);
    expect([readConfig({}).references, readConfig({}).onDelete]).toEqual([new Map([['*', 'lenient']]), new Map([['*', 'refuse']])]);
  });

  it.each([
    ['REFERENCES', 'loose'],
    ['REFERENCES', 'strict,partyRole.name:off'],
    ['REFERENCES', 'agreement.agreementItem.product:strict'],
    ['REFERENCES', 'partyRole.engagedParty:refuse'],
    ['REFERENCES', 'strict,'],
    ['ON_DELETE', 'lenient'],
  ])('refuses %s %s', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name} `))]);
  });
});
