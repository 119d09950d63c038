import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isObject, type Json, type JsonObject } from '../../src/json.js';
import { contractOf, documentsOf } from '../support/contracts.js';
import { all } from '../support/resources.js';

const folder = mkdtempSync(join(tmpdir(), 'contracts-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The source, since the compiler does not copy it. */
const PARSE = join(checkout(__dirname), 'test/contracts/parse.mjs');

function checkout(from: string): string {
  return readdirSync(from).includes('package.json') ? from : checkout(dirname(from));
}

/** What a standard parser says of each document. */
async function problemsOf(kind: 'openapi' | 'asyncapi', documents: readonly JsonObject[]): Promise<string[][]> {
  const files = documents.map((document, index) => {
    const file = join(folder, `${kind}-${index}.json`);
    writeFileSync(file, JSON.stringify(document));
    return file;
  });
  const { stdout } = await promisify(execFile)(process.execPath, [PARSE, kind, ...files], { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout) as string[][];
}

it('OpenAPI: everything is valid', async () => {
  const { openapi } = documentsOf(contractOf());
  const [problems, ofBroken] = await problemsOf('openapi', [openapi, { ...openapi, paths: { '/broken': { get: { responses: { 200: {} } } } } }]);
  expect(problems).toEqual([]);
  expect(ofBroken).not.toEqual([]);
}, 60_000);

// What the parser of AsyncAPI takes grows with the square of a document: half a minute for everything at once.
const parts = all.map((definition) => documentsOf(contractOf([definition])).asyncapi);

it('AsyncAPI: the document of each resource is valid', async () => {
  const { channels: _, components: __, ...rest } = parts[0] ?? {};
  const problems = await problemsOf('asyncapi', [...parts, { ...rest, operations: { broken: { action: 'shout', channel: { $ref: '#/channels/nowhere' } } } }]);
  expect(problems.slice(0, -1)).toEqual(parts.map(() => []));
  expect(problems.at(-1)).not.toEqual([]);
}, 120_000);

it('AsyncAPI: everything is nothing but these together', () => {
  expect(parts.reduce(merged)).toEqual(documentsOf(contractOf()).asyncapi);
});

/** With what either has; where both have no objects, as the other says it. */
function merged(one: JsonObject, other: JsonObject): JsonObject {
  const both = Object.entries(other).map(([name, value]): [string, Json] => {
    const known = one[name];
    return [name, isObject(known) && isObject(value) ? merged(known, value) : value];
  });
  return { ...one, ...Object.fromEntries(both) };
}
