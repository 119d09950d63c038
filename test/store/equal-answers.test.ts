import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/json.js';
import { QueryTooCostly } from '../../src/errors.js';
import type { Condition, Operator, Query, SortKey } from '../../src/store/query.js';
import type { Page, Store } from '../../src/store/store.js';
import { batch, creation, deletion, TYPE } from '../contract/store-fixtures.js';
import { sharedUrl, whenServers } from '../support/servers.js';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import { silent } from './embedded-harness.js';
import { MongoHarness } from './mongo-harness.js';

/** Few names and values, so that conditions meet something. */
const names = ['a', 'b', 'c', 'a.b', '$d', '0', '__proto__', 'id'];
const texts = ['', 'x', 'X', 'xy', 'x\n', '5', 'true', 'null', '2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', '$x', '\uFFFD', '\u{1F600}', '\v', ' '];
const numbers = [-1, 0, -0, 5, 5.5, 1e300, 2 ** 53];
const patterns = ['x', '^x', 'x$', '^$', '.', '(?i)x', '[x5]', '\\d', '^\\s$', '\\S', 'x|5', '\u{1F600}', '^.$', '\\v', '\\Qx\\E', '(?m)^x$', '[[:space:]]', '\\$', '[$]'];

const scalar: fc.Arbitrary<Json> = fc.oneof(fc.constantFrom<Json>(...texts), fc.constantFrom<Json>(...numbers), fc.boolean(), fc.constant(null));

const value: fc.Arbitrary<Json> = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('value'), { maxLength: 3 }), tie('object'), fc.array(tie('object'), { maxLength: 3 })),
  object: objectOf(tie('value')),
})).value;

function objectOf(member: fc.Arbitrary<Json>): fc.Arbitrary<JsonObject> {
  return fc.array(fc.tuple(fc.constantFrom(...names), member), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
}

const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 });

const operand = fc.oneof(fc.constantFrom(...texts), fc.constantFrom('5', '-1', '0', '5.5', '5e0', '1e300', '1e999', '05', 'false', 'true', '9007199254740993'));

const condition: fc.Arbitrary<Condition> = fc
  .constantFrom<Operator>('eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin', 'regex')
  .chain((operator) => fc.record({ path, operator: fc.constant(operator), values: fc.array(operator === 'regex' ? fc.constantFrom(...patterns) : operand, { maxLength: 3 }) }));

const sortKey: fc.Arbitrary<SortKey> = fc.record({ path, descending: fc.boolean() });

const query: fc.Arbitrary<Query> = fc.record({
  where: fc.array(condition, { maxLength: 2 }),
  sort: fc.array(sortKey, { maxLength: 3 }),
  offset: fc.nat({ max: 4 }),
  limit: fc.nat({ max: 10 }),
  countMax: fc.constantFrom(0, 1, 3, 1000),
});

type Answer = (Omit<Page, 'items'> & { readonly items: readonly string[] }) | 'too costly';

async function answer(store: Store, type: string, asked: Query): Promise<Answer> {
  try {
    const { items, ...page } = await store.find(type, asked);
    // As JSON, which a client gets: it has no -0.
    return JSON.parse(JSON.stringify({ ...page, items: items.map((item) => JSON.stringify(item.resource)) })) as Answer;
  } catch (error) {
    if (error instanceof QueryTooCostly) return 'too costly';
    throw error;
  }
}

whenServers('embedded store and MongoDB', ['mongo'], () => {
  const database = `equal-${process.pid}`;
  let harness: MongoHarness;
  let mongo: Store;

  beforeAll(async () => {
    harness = new MongoHarness(sharedUrl('mongo'));
    mongo = await harness.open(database);
  });

  afterAll(async () => {
    await mongo.close();
    await harness.remove();
  });

  it('give the same answer to the same query on the same data', async () => {
    let round = 0;
    const seen = { empty: 0, some: 0, costly: 0, continued: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(objectOf(value), { minLength: 1, maxLength: 8 }), fc.array(query, { minLength: 5, maxLength: 12 }), async (resources, queries) => {
        const type = `${TYPE}${(round += 1)}`;
        const writes = resources.map((resource, i) => {
          const id = `id${i}`;
          return { ...creation(id), type, resource: Object.fromEntries([...Object.entries(resource), ['id', id]]) };
        });
        const embedded = await openEmbeddedStore({ path: undefined, retentionMs: 1000, log: silent });
        const stores = [embedded, mongo];
        const dead = { ...creation('dead'), type };
        for (const store of stores) {
          await store.commit(batch({ writes: [...writes, dead] }));
          await store.commit(batch({ writes: [{ ...deletion('dead', 1), type }] }));
        }
        // An index must not change an answer.
        if (round % 2 === 0) await harness.client.db(database).collection(type).createIndexes(['a', 'b', 'a.b', 'c.a'].map((name) => ({ key: { deleted: 1, [`resource.${name}`]: 1, _id: 1 } })));
        const same = async (asked: Query): Promise<Answer> => {
          const [fromEmbedded, fromMongo = 'too costly'] = await Promise.all(stores.map((store) => answer(store, type, asked)));
          expect({ asked, answer: fromEmbedded }).toEqual({ asked, answer: fromMongo });
          return fromMongo;
        };
        for (const asked of queries) {
          const found = await same(asked);
          seen[found === 'too costly' ? 'costly' : found.items.length === 0 ? 'empty' : 'some'] += 1;
          // Page by page it is the same list as in one.
          const whole = { ...asked, offset: 0, limit: 100 };
          const all = await same(whole);
          if (all === 'too costly') continue;
          const walked: string[] = [];
          for (let page = await same({ ...whole, limit: 2 }); page !== 'too costly'; page = await same({ ...whole, limit: 2, after: page.next })) {
            walked.push(...page.items);
            if (page.next === undefined) break;
            seen.continued += 1;
            await same({ ...asked, after: page.next });
          }
          expect({ asked, walked }).toEqual({ asked, walked: all.items });
        }
        await embedded.close();
      }),
      { numRuns: 80 },
    );
    // Otherwise the property would hold by accident.
    expect(seen.some).toBeGreaterThan(100);
    expect(seen.empty).toBeGreaterThan(20);
    expect(seen.continued).toBeGreaterThan(100);
  }, 120_000);
});
