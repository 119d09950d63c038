import type { ResourceDefinition } from '../../src/handlers/definition.js';
import type { JsonObject } from '../../src/json.js';
import { json, type Api } from '../e2e/api.js';
import { sampleOf } from '../support/samples.js';
import { specificationOf } from '../support/specifications.js';
import type { WholeService } from '../support/whole-service.js';
import { announcementOf, stateChangeOf, type Announcement } from './announcement.js';

/** Attributes that hold the state of some resource, and mean nothing to the others. */
const STATES = ['status', 'state', 'lifecycleStatus'];

/** What every resource announces. */
export function eventsSuite(definition: ResourceDefinition, service: () => WholeService): void {
  const { name, typeName } = definition;
  const { create, ordinary, state, dates } = sampleOf(name);
  const [attribute, value] = ordinary;
  let api: Api;
  beforeEach(() => {
    api = service().api(definition);
  });

  async function created(): Promise<string> {
    return (await json(await api.post(create)))['id'] as string;
  }

  async function change(id: string, patch: JsonObject): Promise<Record<string, unknown>> {
    const response = await api.patch(id, patch);
    expect(response.status).toBe(200);
    return json(response);
  }

  async function announced(id: string): Promise<Announcement[]> {
    return (await service().eventsOf(definition, id)).map((content) => announcementOf(definition, content));
  }

  const told = (events: readonly Announcement[]): unknown[] => events.map(({ kind, revision, fieldPath }) => [kind, revision, fieldPath]);

  it('announces creation, change and deletion, each with the whole resource', async () => {
    const first = await json(await api.post(create));
    const id = first['id'] as string;
    const second = await change(id, { [attribute]: value });
    await change(id, { [attribute]: value });
    await api.delete(id);
    const events = await announced(id);
    expect(told(events)).toEqual([['CreateEvent', 1, undefined], ['AttributeValueChangeEvent', 2, attribute], ['DeleteEvent', 3, undefined]]);
    expect(events.map(({ resource }) => resource)).toEqual([first, second, second]);
  });

  it('sees nothing but ordinary attributes in the states of other resources', async () => {
    const id = await created();
    const others = STATES.filter((other) => other !== state?.attribute);
    await change(id, Object.fromEntries(others.map((other) => [other, 'active'])));
    const [, second, ...more] = await announced(id);
    expect([second?.kind, second?.fieldPath?.split(',').sort(), more]).toEqual(['AttributeValueChangeEvent', others.sort(), []]);
  });

  if (!state) {
    it('has no state, here as in its specification', () => {
      const { attributes, event } = specificationOf(typeName);
      expect([definition.statusAttribute, attributes.filter((other) => STATES.includes(other))]).toEqual([undefined, []]);
      expect([event(`${typeName}StateChangeEvent`), event(`${typeName}StatusChangeEvent`)]).toEqual([undefined, undefined]);
    });
    return;
  }

  it('announces a change of the state, with what belongs to it, before what else was changed', async () => {
    const id = await created();
    const [next, last] = state.next;
    const third = await change(id, { [state.attribute]: next });
    const reason = specificationOf(typeName).attributes.includes('statusReason') ? { statusReason: 'On request' } : {};
    const fifth = await change(id, { ...reason, [attribute]: value, [state.attribute]: last });
    const events = await announced(id);
    const stateChange = stateChangeOf(definition);
    expect(told(events)).toEqual([['CreateEvent', 1, undefined], [stateChange, 2, undefined], [stateChange, 3, undefined], ['AttributeValueChangeEvent', 4, attribute]]);
    expect(events.slice(1).map(({ resource }) => resource)).toEqual([third, fifth, fifth]);
    expect(fifth).toMatchObject({ ...reason, [attribute]: value, [state.attribute]: last });
  });

  it('dates what its specification has a date for, without announcing the date', async () => {
    const id = await created();
    await change(id, { [attribute]: value });
    await change(id, { [state.attribute]: state.next[0] });
    const [creation, ofAttribute, ofState, ...more] = await announced(id);
    expect([ofAttribute?.fieldPath, ofState?.kind, more]).toEqual([attribute, stateChangeOf(definition), []]);
    for (const [date, when] of Object.entries(dates)) {
      const seen = [creation, ofAttribute, ofState].map((event) => event?.resource[date]);
      const expected = [creation?.time, when === 'any' ? ofAttribute?.time : creation?.time, when === 'creation' ? creation?.time : ofState?.time];
      expect([date, seen]).toEqual([date, expected]);
    }
    const { attributes } = specificationOf(typeName);
    expect(['statusDate', 'statusChangeDate', 'creationDate', 'lastModified', 'lastUpdate'].filter((date) => attributes.includes(date)).sort()).toEqual(Object.keys(dates).sort());
  });
}
