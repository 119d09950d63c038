import { randomUUID } from 'node:crypto';
import type { ResourceDefinition } from '../../src/handlers/definition.js';
import type { Json, JsonObject } from '../../src/json.js';
import { STRUCTURED, type OutgoingCommand, type Reply } from '../../src/message.js';
import { sampleOf } from '../support/samples.js';
import { apiPath, type WholeService } from '../support/whole-service.js';

/** What every resource does with commands on the bus. */
export function commandsSuite(definition: ResourceDefinition, service: () => WholeService): void {
  const { name, typeName } = definition;
  const { create, ordinary } = sampleOf(name);
  const [attribute, value] = ordinary;

  function command(action: string, subject: string, data?: Json, id: string = randomUUID()): OutgoingCommand {
    return {
      resource: name,
      key: subject,
      attributes: { specversion: '1.0', id, source: '/crm', type: `org.tmforum.${name}.${action}`, subject },
      ...(data === undefined ? {} : { contentType: action === 'patch' ? 'application/merge-patch+json' : 'application/json' }),
      body: Buffer.from(data === undefined ? '' : JSON.stringify(data)),
    };
  }

  function structured(binary: OutgoingCommand): OutgoingCommand {
    const event = { ...binary.attributes, datacontenttype: binary.contentType, data: JSON.parse(Buffer.from(binary.body).toString()) as Json };
    return { ...binary, attributes: {}, contentType: STRUCTURED, body: Buffer.from(JSON.stringify(event)) };
  }

  const asked = (wanted: OutgoingCommand): Promise<Reply> => service().bus.request(wanted, 5_000);
  const announced = async (id: string): Promise<number> => (await service().eventsOf(definition, id)).length;

  it.each([
    ['binary', (binary: OutgoingCommand) => binary],
    ['structured', structured],
  ])('applies and answers create, patch and delete in %s mode', async (mode, inMode) => {
    const id = `bus-${mode}`;
    const href = `${apiPath(definition)}/${id}`;
    const created = await asked(inMode(command('create', id, create)));
    expect(created).toMatchObject({ status: 201, headers: { ETag: '"1"', Location: href }, body: { '@type': typeName, ...create, id, href } });
    const patched = await asked(inMode(command('patch', id, { [attribute]: value })));
    expect(patched).toMatchObject({ status: 200, headers: { ETag: '"2"' }, body: { ...(created.body as JsonObject), ...datesOf(patched), [attribute]: value } });
    const expected: unknown = { status: 204, headers: {} };
    expect(await asked(command('delete', id))).toEqual(expected);
    expect((await asked(inMode(command('patch', id, { [attribute]: value })))).status).toBe(404);
  });

  /** What the service sets anew at each change. */
  function datesOf({ body }: Reply): JsonObject {
    const dates = Object.keys(sampleOf(name).dates);
    return Object.fromEntries(Object.entries(body as JsonObject).filter(([attribute]) => dates.includes(attribute)));
  }

  it('answers a repeated command from the first time, and applies it once', async () => {
    const commands = [command('create', 'bus-again', create), command('patch', 'bus-again', { [attribute]: value }), command('delete', 'bus-again')];
    const first: Reply[] = [];
    for (const wanted of commands) first.push(await asked(wanted));
    expect(first.map(({ status }) => status)).toEqual([201, 200, 204]);
    for (const [index, wanted] of commands.entries()) {
      const { headers, ...again } = await asked(wanted);
      expect({ ...again, headers }).toEqual({ ...first[index], headers: { ...first[index]?.headers, 'Idempotent-Replayed': 'true' } });
    }
    expect(await announced('bus-again')).toBe(3);
  });

  it('refuses a command id that is used for something else, and an id that is taken', async () => {
    expect((await asked(command('create', 'bus-taken', create, `${name}-1`))).status).toBe(201);
    expect((await asked(command('create', 'bus-taken', { ...create, more: 1 }, `${name}-1`))).status).toBe(422);
    expect((await asked(command('create', 'bus-taken', create))).status).toBe(409);
    expect(await announced('bus-taken')).toBe(1);
  });

  it('applies a command that nobody waits for', async () => {
    await service().bus.send(command('create', 'bus-silent', create));
    expect((await asked(command('patch', 'bus-silent', {}))).status).toBe(200);
    expect(await announced('bus-silent')).toBe(1);
  });
}
