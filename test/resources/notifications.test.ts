import { randomUUID } from 'node:crypto';
import type { PlainClient } from '../support/plain-client.js';
import { onBothBrokers } from './running.js';

/** A party's life as the bus hears of it. */
const parties = [
  { name: 'individual', typeName: 'Individual', body: { givenName: 'Ann', familyName: 'Lee' }, changed: { familyName: 'Lee-Jansen' } },
  { name: 'organization', typeName: 'Organization', body: { tradingName: 'Lee and Sons' }, changed: { tradingName: 'Lee and Daughters' } },
];

onBothBrokers('notify', (running) => {
  describe.each(parties)('of an $name', ({ name, typeName, body, changed }) => {
    const subject = randomUUID();
    const [field] = Object.keys(changed);
    const first = { id: subject, href: `/tmf-api/party/v4/${name}/${subject}`, ...body, '@type': typeName };
    const second = { ...first, ...changed };
    const third = { ...second, status: 'validated' };
    beforeAll(async () => {
      const { client } = running();
      const patch = { type: `org.tmforum.${name}.patch`, subject, contentType: 'application/merge-patch+json' };
      expect(await client.ask('structured', { type: `org.tmforum.${name}.create`, subject, data: body })).toMatchObject({ status: 201 });
      expect(await client.ask('binary', { ...patch, data: changed })).toMatchObject({ status: 200 });
      expect(await client.ask('structured', { ...patch, data: { status: 'validated' } })).toMatchObject({ status: 200 });
      expect(await client.ask('binary', { type: `org.tmforum.${name}.delete`, subject })).toMatchObject({ status: 204 });
    });

    it.each([
      [`${typeName}CreateEvent`, 1, first, {}],
      [`${typeName}AttributeValueChangeEvent`, 2, second, { fieldPath: field }],
      [`${typeName}StateChangeEvent`, 3, third, {}],
      [`${typeName}DeleteEvent`, 4, third, {}],
    ])('%s', async (eventType, revision, party, more) => {
      const { service, client } = running();
      const arrived = (): PlainClient['events'] => client.events.filter(({ key }) => key === `${name}.${eventType}`);
      await service.until(`${eventType} has arrived`, () => arrived().length > 0);
      const time: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const id: unknown = expect.stringMatching(/^[0-9a-f-]{36}$/);
      const expected: unknown = {
        specversion: '1.0',
        id,
        source: expect.stringMatching(/./) as unknown,
        type: `org.tmforum.${name}.${eventType}`,
        subject,
        time,
        datacontenttype: 'application/json',
        dataschema: `urn:tmforum:party:v4:${eventType}`,
        sequence: String(revision).padStart(16, '0'),
        partitionkey: subject,
        data: { eventId: id, eventTime: time, eventType, timeOcurred: time, domain: 'party', event: { [name]: party }, ...more },
      };
      expect(arrived().map(({ contentType, content }) => [contentType, JSON.parse(content) as unknown])).toEqual([['application/cloudevents+json', expected]]);
    });
  });
});
