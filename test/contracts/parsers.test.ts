import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { JsonObject } from '../../src/json.js';
import { contractOf, documentsOf } from '../support/contracts.js';
import { definitionOf } from '../support/resources.js';

// The parser of AsyncAPI takes half a minute for everything: these are one of each kind.
const KINDS = ['partyRole', 'financialAccount', 'billFormat', 'paymentMethod'].map(definitionOf);

const folder = mkdtempSync(join(tmpdir(), 'contracts-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The source, since the compiler does not copy it. */
const PARSE = join(checkout(__dirname), 'test/contracts/parse.mjs');

function checkout(from: string): string {
  return readdirSync(from).includes('package.json') ? from : checkout(dirname(from));
}

/** What a standard parser says of a document. */
async function problemsOf(kind: 'openapi' | 'asyncapi', document: JsonObject): Promise<string[]> {
  const file = join(folder, `${kind}.json`);
  writeFileSync(file, JSON.stringify(document));
  const { stdout } = await promisify(execFile)(process.execPath, [PARSE, kind, file], { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout) as string[];
}

it('OpenAPI: everything is valid', async () => {
  const { openapi } = documentsOf(contractOf());
  expect(await problemsOf('openapi', openapi)).toEqual([]);
  expect(await problemsOf('openapi', { ...openapi, paths: { '/broken': { get: { responses: { 200: {} } } } } })).not.toEqual([]);
}, 60_000);

it('AsyncAPI: everything is valid', async () => {
  const { asyncapi } = documentsOf(contractOf(KINDS));
  expect(await problemsOf('asyncapi', asyncapi)).toEqual([]);
  expect(await problemsOf('asyncapi', { ...asyncapi, operations: { broken: { action: 'shout', channel: { $ref: '#/channels/nowhere' } } } })).not.toEqual([]);
}, 120_000);
