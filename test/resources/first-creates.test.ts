import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/json.js';
import { json } from '../e2e/api.js';
import { all } from '../support/resources.js';
import { apiPath, startWhole } from '../support/whole-service.js';

const operations = readFileSync(join(process.cwd(), 'OPERATIONS.md'), 'utf8');
const block = /^<!-- ci:first-creates -->\n+```sh\n(.*?)^```$/ms.exec(operations)?.[1] ?? '';
const creates = new Map([...block.matchAll(/^create (\S+) '(.*)'$/gm)].map(([, path, body]) => [`/tmf-api/${path ?? ''}`, JSON.parse(body ?? '') as JsonObject]));

it('OPERATIONS.md has one for every resource, and nothing beside what is tried here', () => {
  expect([...creates.keys()].sort()).toEqual(all.map(apiPath).sort());
  expect(block.trim().split('\n')).toHaveLength(creates.size + 1);
});

it('they work as they are, one after the other and without a warning, and nothing in them could be left out', async () => {
  const service = await startWhole(all);
  try {
    for (const [path, body] of creates) {
      const definition = all.find((candidate) => apiPath(candidate) === path);
      if (!definition) throw new Error(`${path} is no resource`);
      const answer = await service.api(definition).post(body);
      expect([path, answer.status, answer.headers.get('warning'), await json(answer)]).toEqual([path, 201, null, expect.objectContaining(body) as object]);
      for (const name of Object.keys(body)) {
        const { [name]: _, ...less } = body;
        expect([path, name, (await service.api(definition).post(less)).status]).toEqual([path, name, 400]);
      }
    }
  } finally {
    await service.close();
  }
});
