import type { SentCommand } from './journal.js';
import { RoleModel } from './model.js';

type Asked = Partial<Pick<SentCommand, 'id' | 'action' | 'data' | 'contentType' | 'expectedrevision'>>;

let sent = 0;

function command(asked: Asked): SentCommand {
  const number = sent++;
  return { role: 'r', number, id: `c${number}`, source: '/test', action: 'patch', contentType: 'application/merge-patch+json', sends: 1, confirmed: true, ...asked };
}

const create = (data: unknown = { name: 'Seller', status: 'requested', characteristic: [] }): SentCommand => command({ action: 'create', contentType: 'application/json', data });
const merge = (data: unknown, expectedrevision?: string): SentCommand => command({ data, ...(expectedrevision === undefined ? {} : { expectedrevision }) });
const jsonPatch = (...data: object[]): SentCommand => command({ contentType: 'application/json-patch+json', data });
const append = (value: number): SentCommand => jsonPatch({ op: 'add', path: '/characteristic/-', value: { name: 'mark', value } });
const remove = (): SentCommand => command({ action: 'delete', contentType: 'application/json' });

/** The role after these commands. */
function given(...commands: readonly SentCommand[]): RoleModel {
  const model = new RoleModel('r');
  for (const earlier of commands) model.apply(earlier);
  return model;
}

describe('given nothing', () => {
  it.each<[string, SentCommand, number, string[]]>([
    ['create', create(), 201, ['PartyRoleCreateEvent']],
    ['create without a name', create({ status: 'active' }), 400, []],
    ['create with a blank name', create({ name: ' ' }), 400, []],
    ['create expecting revision 0', { ...create(), expectedrevision: '0' }, 201, ['PartyRoleCreateEvent']],
    ['create expecting another revision', { ...create(), expectedrevision: '3' }, 412, []],
    ['create expecting any', { ...create(), expectedrevision: '*' }, 412, []],
    ['patch', merge({ name: 'X' }), 404, []],
    ['delete', remove(), 404, []],
  ])('when %s', (_, asked, status, events) => {
    expect(given().apply(asked)).toEqual({ status, events, revision: events.length });
  });
});

describe('given a role', () => {
  it.each<[string, SentCommand, number, string[]]>([
    ['create', create(), 409, []],
    ['append', append(1), 200, ['PartyRoleAttributeValueChangeEvent']],
    ['rename', merge({ name: 'Buyer' }), 200, ['PartyRoleAttributeValueChangeEvent']],
    ['change the status', merge({ status: 'active' }), 200, ['PartyRoleStateChangeEvent']],
    ['change both', merge({ status: 'active', name: 'Buyer' }), 200, ['PartyRoleStateChangeEvent', 'PartyRoleAttributeValueChangeEvent']],
    ['remove the status', merge({ status: null }), 200, ['PartyRoleStateChangeEvent']],
    ['change nothing', merge({ name: 'Seller' }), 200, []],
    ['remove the name', merge({ name: null }), 400, []],
    ['a status that is no text', merge({ status: 5 }), 400, []],
    ['another id', merge({ id: 'other' }), 400, []],
    ['remove what is not there', jsonPatch({ op: 'remove', path: '/statusReason' }), 400, []],
    ['append to what is no list', jsonPatch({ op: 'add', path: '/account/-', value: {} }), 400, []],
    ['an item without a value', jsonPatch({ op: 'add', path: '/characteristic/-', value: { name: 'x' } }), 400, []],
    ['a test that fails', jsonPatch({ op: 'test', path: '/name', value: 'Buyer' }), 409, []],
    ['a test that holds', jsonPatch({ op: 'test', path: '/name', value: 'Seller' }), 200, []],
    ['the right revision', merge({ name: 'Buyer' }, '4, 1'), 200, ['PartyRoleAttributeValueChangeEvent']],
    ['any revision', merge({ name: 'Buyer' }, '*'), 200, ['PartyRoleAttributeValueChangeEvent']],
    ['a stale revision', merge({ name: 'Buyer' }, '0'), 412, []],
    ['delete', remove(), 204, ['PartyRoleDeleteEvent']],
  ])('when %s', (_, asked, status, events) => {
    expect(given(create()).apply(asked)).toEqual({ status, events, revision: 1 + events.length });
  });

  it('when a patch fails half way, nothing of it stays', () => {
    const model = given(create(), jsonPatch({ op: 'replace', path: '/name', value: 'Half' }, { op: 'test', path: '/status', value: 'closed' }));
    expect(model.document).toEqual({ id: 'r', name: 'Seller', status: 'requested', characteristic: [] });
  });

  it('when an id is used again for something else, it is refused and nothing changes', () => {
    const first = append(1);
    const model = given(create(), first);
    expect(model.apply({ ...append(2), id: first.id })).toEqual({ status: 422, events: [], revision: 2 });
    expect(model.document?.['characteristic']).toEqual([{ name: 'mark', value: 1 }]);
  });

  it('when several append, their marks stand in order', () => {
    expect(given(create(), append(1), append(2), append(3)).document?.['characteristic']).toEqual([1, 2, 3].map((value) => ({ name: 'mark', value })));
  });
});

describe('given a deleted role', () => {
  it.each<[string, SentCommand, number, string[]]>([
    ['patch', merge({ name: 'X' }), 404, []],
    ['delete', remove(), 404, []],
    ['create', create(), 201, ['PartyRoleCreateEvent']],
    ['create expecting its last revision', { ...create(), expectedrevision: '2' }, 201, ['PartyRoleCreateEvent']],
    ['create expecting that there was none', { ...create(), expectedrevision: '0' }, 412, []],
  ])('when %s, the revision counts on', (_, asked, status, events) => {
    expect(given(create(), remove()).apply(asked)).toEqual({ status, events, revision: 2 + events.length });
  });

  it('keeps its last state', () => {
    const model = given(create(), merge({ name: 'Buyer' }), remove());
    expect([model.exists, model.document?.['name']]).toEqual([false, 'Buyer']);
  });
});
