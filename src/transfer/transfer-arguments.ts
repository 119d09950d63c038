import { read, UsageError, withoutIds } from '../command-line.js';
import { resourceNames } from '../handlers/index.js';
import { countOf } from '../parked-selection.js';

export interface ImportTask {
  readonly name: 'import';
  /** `-`: standard input. */
  readonly file: string;
  readonly resource: string;
  /** CloudEvents `source` of the commands. */
  readonly source: string;
  /** The attribute that tells records without an id apart. */
  readonly key?: string;
  /** Records that wait for their answer at a time. */
  readonly concurrency: number;
  /** Records in a second, at most. */
  readonly rate?: number;
  /** A service to ask over REST; absent: by the bus. */
  readonly url?: string;
  /** Where refused lines go. */
  readonly refusedFile?: string;
}

export interface ExportTask {
  readonly name: 'export';
  readonly resource: string;
  readonly secrets: boolean;
}

export interface DemoTask {
  readonly name: 'demo';
  readonly url?: string;
}

export type TransferTask = ImportTask | ExportTask | DemoTask;

const CONCURRENCY_DEFAULT = 100;
/** A service takes `MAX_REQUESTS` at a time, by default 500, and has other callers. */
const CONCURRENCY_MAX = 400;
const RATE_MAX = 100_000;

export const TRANSFER_HELP = {
  import: `Creates a resource for each line of a file of JSON objects. Run again it makes no doubles: what was created before is not
created again, and a run that was ended, also by SIGKILL, goes on where it was when it is run again.

  import FILE --resource NAME --source URI      FILE - is the standard input

  --resource NAME    one for a file: ${resourceNames.join(', ')}
  --source URI       where the records come from, such as /legacy-crm: the same record of the same source is created once
  --key ATTRIBUTE    tells records without an id apart (default: their whole content); their id is derived from source and key
  --concurrency N    records that wait for their answer at a time (default ${CONCURRENCY_DEFAULT}, at most ${CONCURRENCY_MAX}); 1: strictly one after the other
  --rate N           at most so many records in a second
  --url URL          over REST, to the service there, such as http://127.0.0.1:8080, with its BASE_PATH or without; default: over the bus of BUS_URL
  --refused FILE     where refused lines go, to be corrected and imported (default: FILE.refused.ndjson; of the standard input nowhere)

Output: one JSON object for each line that was refused and for the first 20 that were accepted with a warning, the last with the
totals. The exit code is 1 when lines were refused. The events carry the extension attribute "imported": true.
`,
  export: `Prints every resource of a type, one JSON object a line, as it is stored; import reads them.

  --resource NAME    one of ${resourceNames.join(', ')}
  --secrets          card and account numbers, tokens and the like in full; else they are masked, and not fit to be imported
`,
  demo: `Loads a small base of customers, then shows one customer with everything about it, and the events that this caused.
Over the bus, when BUS_URL names a broker; else over REST. Where no service answers, it starts an embedded one in memory.

  --url URL          the service to ask, with its BASE_PATH or without (default: the one of HOST and PORT)
`,
} as const;

export type TransferTool = keyof typeof TRANSFER_HELP;

/** @throws UsageError, or a Refusal that names the parameter. */
export function readTransfer(tool: TransferTool, args: readonly string[]): TransferTask {
  switch (tool) {
    case 'import':
      return importTask(args);
    case 'export': {
      const { texts, flags } = withoutIds(read(args, ['resource'], ['secrets']));
      return { name: 'export', resource: resourceOf(texts['resource']), secrets: flags.has('secrets') };
    }
    case 'demo': {
      const { texts } = withoutIds(read(args, ['url']));
      return { name: 'demo', ...urlOf(texts['url']) };
    }
  }
}

function importTask(args: readonly string[]): ImportTask {
  const { texts, ids } = read(args, ['resource', 'source', 'key', 'concurrency', 'rate', 'url', 'refused']);
  const { resource, source, key, concurrency, rate, url, refused: refusedFile } = texts;
  const [file, second] = ids;
  if (file === undefined || second !== undefined) throw new UsageError('import needs one file, or - for the standard input');
  if (source === undefined || source === '' || /\s/.test(source)) throw new UsageError('--source must be a URI reference such as /legacy-crm');
  if (key === '') throw new UsageError('--key must be the name of an attribute');
  return {
    name: 'import',
    file,
    resource: resourceOf(resource),
    source,
    ...(key === undefined ? {} : { key }),
    concurrency: concurrency === undefined ? CONCURRENCY_DEFAULT : countOf('concurrency', concurrency, CONCURRENCY_MAX),
    ...(rate === undefined ? {} : { rate: countOf('rate', rate, RATE_MAX) }),
    ...urlOf(url),
    ...(refusedFile === undefined ? {} : { refusedFile }),
  };
}

function resourceOf(name: string | undefined): string {
  if (name === undefined || !resourceNames.includes(name)) throw new UsageError(`--resource must be one of ${resourceNames.join(', ')}`);
  return name;
}

function urlOf(text: string | undefined): { readonly url?: string } {
  if (text === undefined) return {};
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') throw new UsageError('--url must be such as http://127.0.0.1:8080');
  return { url: text.replace(/\/+$/, '') };
}
