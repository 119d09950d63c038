import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceSuite } from './service.e2e.js';

describe('memory bus and embedded store', () => {
  serviceSuite(() => {
    const folder = mkdtempSync(join(tmpdir(), 'party-role-'));
    return Promise.resolve({
      settings: { BUS_URL: 'memory:', STORE_URL: `file:${folder}` },
      client: undefined,
      close: () => {
        rmSync(folder, { recursive: true, force: true });
        return Promise.resolve();
      },
    });
  });
});
