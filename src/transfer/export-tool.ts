import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Config } from '../config.js';
import { masked } from '../handlers/secrets.js';
import type { Store } from '../store/store.js';
import { definitionOf } from './import-tool.js';
import type { ExportTask } from './transfer-arguments.js';

const PAGE = 100;

/** Writes every resource of the type, one JSON object a line, no faster than it is read; answers the exit code. */
export async function runExport(config: Config, task: ExportTask, store: Store, output: Writable): Promise<number> {
  const { name, secrets } = definitionOf(config, task.resource);
  let hidden = 0;
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = await store.scan(name, after, PAGE);
    const lines = page.map(({ resource }) => {
      const shown = task.secrets ? resource : masked(resource, secrets);
      if (shown !== resource) hidden += 1;
      return `${JSON.stringify(shown)}\n`;
    });
    if (!output.write(lines.join(''))) await once(output, 'drain');
    after = page.at(-1)?.id;
  }
  if (hidden > 0) process.stderr.write(`export: of ${hidden} the secrets are masked, so they are not fit to be imported; --secrets shows them\n`);
  return 0;
}
