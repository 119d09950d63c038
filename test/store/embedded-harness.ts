import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { pino } from 'pino';
import { openEmbeddedStore } from '../../src/store/embedded-store.js';
import type { Store } from '../../src/store/store.js';
import type { StoreHarness } from '../contract/store.contract.js';

export const silent = pino({ level: 'silent' });

/** Databases are folders in one temporary folder. */
export class EmbeddedHarness implements StoreHarness {
  private readonly folder = mkdtempSync(join(tmpdir(), 'store-test-'));

  pathOf(database: string): string {
    return join(this.folder, database);
  }

  open(database: string): Promise<Store> {
    return openEmbeddedStore({ path: this.pathOf(database), retentionMs: 3_600_000, log: silent });
  }

  async contents(database: string): Promise<string> {
    const root = open<string, string>({ path: this.pathOf(database), noSubdir: false, encoding: 'string', maxDbs: 200 });
    const tables = [...root.getKeys()].map((name) => ({ name, rows: [...root.openDB<string>({ name, encoding: 'string' }).getRange()] }));
    await root.close();
    return JSON.stringify(tables.filter(({ rows }) => rows.length > 0));
  }

  async makeNewer(database: string): Promise<void> {
    const root = open<string, string>({ path: this.pathOf(database), noSubdir: false, encoding: 'string', maxDbs: 200 });
    await root.openDB<string, string>({ name: 'meta', encoding: 'string' }).put('format', '1000');
    await root.close();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
