import { UsageError } from '../src/command-line.js';
import { resourceNames } from '../src/handlers/index.js';
import { isTool, readTask, type Task } from '../src/tool-arguments.js';

const NOW = new Date('2026-01-31T12:00:00Z');

function read(line: string): Task {
  const [tool, ...args] = line.split(' ').filter((word) => word !== '');
  if (!isTool(tool)) throw new Error(`no tool: ${tool}`);
  return readTask(tool, args, NOW);
}

it.each<[string, Task]>([
  ['dlq list', { name: 'dlq list', filter: { state: 'waiting' }, limit: 100 }],
  ['dlq list --state all', { name: 'dlq list', filter: {}, limit: 100 }],
  ['dlq list --state retried --subject s', { name: 'dlq list', filter: { subject: 's', state: 'retried' }, limit: 100 }],
  [
    'dlq list --reason refused --type t --subject s --from 2026-01-01 --to 2026-01-02T10:00+02:00 --state waiting --limit 5 --cursor 2026-01-01T00:00:00.000Z/x-1',
    {
      name: 'dlq list',
      filter: {
        reason: 'refused',
        type: 't',
        subject: 's',
        from: new Date('2026-01-01T00:00:00Z'),
        to: new Date('2026-01-02T08:00:00Z'),
        state: 'waiting',
        after: { at: new Date('2026-01-01T00:00:00Z'), id: 'x-1' },
      },
      limit: 5,
    },
  ],
  ['dlq show a b', { name: 'dlq show', ids: ['a', 'b'] }],
  ['dlq retry a b --dry-run', { name: 'dlq retry', filter: { ids: ['a', 'b'] }, limit: Infinity, dryRun: true }],
  ['dlq retry a --body fixed.json', { name: 'dlq retry', filter: { ids: ['a'] }, limit: Infinity, dryRun: false, bodyFile: 'fixed.json' }],
  ['dlq retry --all --limit 7', { name: 'dlq retry', filter: {}, limit: 7, dryRun: false }],
  ['dlq drop --reason malformed', { name: 'dlq drop', filter: { reason: 'malformed' }, limit: Infinity, dryRun: false }],
  ['dlq list --deliveries', { name: 'dlq list --deliveries', filter: {}, limit: 100 }],
  [
    'dlq list --deliveries --subscription s --limit 5 --cursor 2026-01-01T00:00:00.000Z/s:e',
    { name: 'dlq list --deliveries', filter: { subscription: 's', after: { at: new Date('2026-01-01T00:00:00Z'), id: 's:e' } }, limit: 5 },
  ],
  ['dlq show --deliveries s:e s:f', { name: 'dlq show --deliveries', ids: ['s:e', 's:f'] }],
  ['dlq retry --deliveries s:e s:f --dry-run', { name: 'dlq retry --deliveries', filter: { ids: ['s:e', 's:f'] }, limit: Infinity, dryRun: true }],
  ['dlq retry --subscription s --deliveries', { name: 'dlq retry --deliveries', filter: { subscription: 's' }, limit: Infinity, dryRun: false }],
  ['dlq retry --deliveries --all --limit 7', { name: 'dlq retry --deliveries', filter: {}, limit: 7, dryRun: false }],
  ['dlq drop --deliveries --all', { name: 'dlq drop --deliveries', filter: {}, limit: Infinity, dryRun: false }],
  ['hub list', { name: 'hub list' }],
  ['hub show s', { name: 'hub show', id: 's' }],
  ['hub suspend s', { name: 'hub suspend', id: 's', reason: 'by an operator' }],
  ['hub suspend s --reason moving', { name: 'hub suspend', id: 's', reason: 'moving' }],
  ['hub resume s', { name: 'hub resume', id: 's' }],
  ['hub resume s --from-now', { name: 'hub resume', id: 's', from: 'now' }],
  ['hub resume s --from-oldest', { name: 'hub resume', id: 's', from: 'oldest' }],
  ['hub resume s --from 0', { name: 'hub resume', id: 's', from: 0 }],
  ['hub resume s --from 2026-01-31', { name: 'hub resume', id: 's', from: new Date('2026-01-31') }],
  ['hub remove s', { name: 'hub remove', id: 's' }],
  ['replay --all', { name: 'replay', filter: { to: NOW } }],
  ['replay --after 7', { name: 'replay', filter: { after: 7, to: NOW } }],
  [
    'replay --from 2026-01-01 --to 2026-01-02 --type org.tmforum.partyRole.PartyRoleCreateEvent --subject s --to-queue q',
    { name: 'replay', filter: { from: new Date('2026-01-01'), to: new Date('2026-01-02'), type: 'org.tmforum.partyRole.PartyRoleCreateEvent', subject: 's' }, destination: 'q' },
  ],
  ['snapshot', { name: 'snapshot', resources: resourceNames }],
  ['snapshot --resource partyRole --to-queue q', { name: 'snapshot', resources: ['partyRole'], destination: 'q' }],
  ['import a.ndjson --resource individual --source /crm', { name: 'import', file: 'a.ndjson', resource: 'individual', source: '/crm', concurrency: 100 }],
  [
    'import - --resource individual --source /crm --key number --concurrency 1 --rate 50 --url http://here:8080/ --refused r.ndjson',
    { name: 'import', file: '-', resource: 'individual', source: '/crm', key: 'number', concurrency: 1, rate: 50, url: 'http://here:8080', refusedFile: 'r.ndjson' },
  ],
  ['export --resource paymentMethod', { name: 'export', resource: 'paymentMethod', secrets: false }],
  ['export --resource paymentMethod --secrets', { name: 'export', resource: 'paymentMethod', secrets: true }],
  ['demo', { name: 'demo' }],
  ['demo --url https://here', { name: 'demo', url: 'https://here' }],
])('reads %s', (line, task) => {
  expect(read(line)).toEqual(task);
});

it.each([
  ['dlq', 'list, show, retry, drop'],
  ['dlq lst', 'lst'],
  ['dlq list x', 'x'],
  ['dlq list --all', '--all'],
  ['dlq list --reason none', '--reason'],
  ['dlq list --state any', '--state must be waiting or retried, of a list also all'],
  ['dlq retry --state all', '--state'],
  ['dlq drop --state all', '--state'],
  ['dlq list --limit 1001', '--limit'],
  ['dlq list --limit', '--limit'],
  ['dlq list --from soon', '--from'],
  ['replay', '--all'],
  ['replay --to-queue q', '--all'],
  ['replay x --all', 'x'],
  ['dlq list --subject a --subject b', '--subject'],
  ['dlq show', 'needs an id'],
  ['dlq retry', 'needs ids, a filter or --all'],
  ['dlq drop --dry-run', 'needs ids, a filter or --all'],
  ['dlq drop --cursor 2026-01-01T00:00:00Z/x', 'needs ids, a filter or --all'],
  ['dlq retry --all a', '--all'],
  ['dlq retry a b --body f', '--body'],
  ['dlq drop a --body f', '--body'],
  ['dlq list --deliveries x', 'x'],
  ['dlq list --deliveries --reason refused', '--reason'],
  ['dlq list --subscription s', '--subscription'],
  ['dlq show --deliveries', 'needs an id'],
  ['dlq retry --deliveries', 'needs ids, --subscription or --all'],
  ['dlq drop --deliveries --cursor 2026-01-01T00:00:00Z/x', 'needs ids, --subscription or --all'],
  ['dlq drop --deliveries --all a', '--all'],
  ['dlq retry --deliveries a --body f', '--body'],
  ['dlq list --deliveries --cursor x', '--cursor'],
  ['hub', 'list, show, suspend, resume, remove'],
  ['hub lst', 'lst'],
  ['hub list x', 'x'],
  ['hub show', 'needs one id'],
  ['hub remove a b', 'needs one id'],
  ['hub resume s --reason x', '--reason'],
  ['hub resume s --from x', '--from'],
  ['hub resume s --from -1', '--from'],
  ['hub resume s --from-now --from 3', '--from-now and --from exclude each other'],
  ['hub resume s --from-now --from-oldest', 'exclude each other'],
  ['replay now', 'now'],
  ['replay --type Create', '--type'],
  ['replay --to x', '--to'],
  ['snapshot --resource starship', '--resource'],
  ['import --resource individual --source /crm', 'one file'],
  ['import a b --resource individual --source /crm', 'one file'],
  ['import a --source /crm', '--resource'],
  ['import a --resource starship --source /crm', '--resource'],
  ['import a --resource individual', '--source'],
  ['import a --resource individual --source /crm --rate 0', '--rate'],
  ['import a --resource individual --source /crm --concurrency 401', '--concurrency'],
  ['import a --resource individual --source /crm --url amqp://here', '--url'],
  ['export', '--resource'],
  ['export a --resource individual', 'a'],
  ['demo now', 'now'],
])('refuses %s and names %s', (line, named) => {
  expect(() => read(line)).toThrow(UsageError);
  expect(() => read(line)).toThrow(named);
});

it.each([['dlq', '--to'], ['dlq', '--subscription'], ['hub', '--from-oldest'], ['dlq retry', '--to'], ['replay', '--to'], ['snapshot', '--to'], ['import', '--key'], ['export', '--secrets'], ['demo', '--url']])('explains %s', (line, option) => {
  expect(read(`${line} --help`)).toMatchObject({ name: 'help', text: expect.stringContaining(option) as string });
});

it('knows its tools', () => {
  expect(['dlq', 'hub', 'replay', 'snapshot', 'import', 'export', 'demo', 'toString', undefined].map(isTool)).toEqual([true, true, true, true, true, true, true, false, false]);
});
