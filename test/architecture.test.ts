import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import ts from 'typescript';
import { definitions, resourceNames } from '../src/handlers/index.js';

const root = join(findRoot(__dirname), 'src');

/** The checkout, from wherever the compiled test lies. */
function findRoot(folder: string): string {
  return readdirSync(folder).includes('package.json') ? folder : findRoot(dirname(folder));
}

interface Source {
  readonly file: string;
  readonly text: string;
  /** Files of this project, relative to `src`. */
  readonly imports: readonly string[];
  /** Packages and Node modules. */
  readonly packages: readonly string[];
}

const sources: readonly Source[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const specifiers = [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom '([^']+)'/gms), ...text.matchAll(/\b(?:import|require)\('([^']+)'\)/g)].map((match) => match[1] ?? '');
    const own = specifiers.filter((specifier) => specifier.startsWith('.'));
    return {
      file,
      text,
      imports: own.map((specifier) => relative(root, normalize(join(root, dirname(file), specifier))).replace(/\.js$/, '.ts')),
      packages: specifiers.filter((specifier) => !specifier.startsWith('.')),
    };
  });

const inFolder = (folder: string): Source[] => sources.filter((source) => source.file.startsWith(`${folder}/`));

it('finds the sources and their imports', () => {
  expect(sources.length).toBeGreaterThan(30);
  expect(sources.find((source) => source.file === 'worker.ts')?.imports).toEqual(expect.arrayContaining(['batch.ts', 'relay.ts', 'bus/bus.ts', 'store/store.ts']));
});

it('has no import cycles', () => {
  const graph = new Map(sources.map((source) => [source.file, source.imports]));
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) throw new Error(`import cycle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const { file } of sources) walk(file, []);
  expect(done.size).toBeGreaterThanOrEqual(sources.length);
});

it('keeps bus and store apart, and http away from both adapters', () => {
  for (const source of inFolder('bus')) expect([source.file, source.imports.filter((file) => file.startsWith('store/'))]).toEqual([source.file, []]);
  for (const source of inFolder('store')) expect([source.file, source.imports.filter((file) => file.startsWith('bus/'))]).toEqual([source.file, []]);
  const ports = new Set(['bus/bus.ts', 'store/store.ts', 'store/hub-store.ts', 'store/query.ts']);
  for (const source of inFolder('http')) {
    expect([source.file, source.imports.filter((file) => /^(bus|store)\//.test(file) && !ports.has(file))]).toEqual([source.file, []]);
  }
});

it('keeps what HTTP offers apart from HTTP', () => {
  for (const source of [...inFolder('hub'), ...inFolder('query')]) expect([source.file, source.imports.filter((file) => file.startsWith('http/'))]).toEqual([source.file, []]);
});

it('keeps handlers pure: no driver, no clock, no randomness, no input or output', () => {
  const allowed = new Set(['ajv', 'json-p3', 'rfc6902', 'uuid']);
  for (const { file, text, imports, packages } of inFolder('handlers')) {
    expect([file, packages.filter((name) => !allowed.has(name))]).toEqual([file, []]);
    expect([file, imports.filter((name) => /^(bus|http)\/|^store\/(?!store\.ts)/.test(name))]).toEqual([file, []]);
    expect([file, /\bnew Date\(\)|\bDate\.now\b|\bMath\.random\b|\brandomUUID\b|\bsetTimeout\b|\bprocess\./.exec(text)?.[0]]).toEqual([file, undefined]);
  }
});

it('reads the environment in one place', () => {
  expect(sources.filter((source) => source.text.includes('process.env')).map((source) => source.file)).toEqual(['config.ts']);
});

it('names brokers and databases only in their adapters and in one file that chooses them', () => {
  const drivers: Record<string, RegExp> = { amqplib: /^bus\/rabbitmq-/, '@nats-io/transport-node': /^bus\/nats-/, '@nats-io/jetstream': /^bus\/nats-/, mongodb: /^store\/mongo-/, lmdb: /^store\/embedded-/, express: /^http\// };
  for (const { file, packages } of sources) {
    for (const name of packages) expect([file, name, drivers[name]?.test(file) ?? true]).toEqual([file, name, true]);
  }
  const adapter = /^(bus\/(rabbitmq|nats|memory)-|store\/(mongo|embedded)-)/;
  const folder = (file: string): string => dirname(file);
  for (const { file, imports } of sources) {
    const foreign = imports.filter((name) => adapter.test(name) && folder(name) !== folder(file));
    if (file !== 'adapters.ts') expect([file, foreign]).toEqual([file, []]);
  }
});

it('has no barrels', () => {
  expect(sources.filter((source) => /^export (\*|\{[^}]*\}) from/m.test(source.text)).map((source) => source.file)).toEqual([]);
});

/** Parts of the view of a customer, two of which are called as a resource is. */
const isViewPart = (text: string): boolean => /^(agreement|paymentMethod)s?$/.test(text);

/** What may name a resource beside its own file and the list of all: what is read by people, as an example. */
const NAMED: Readonly<Record<string, (text: string) => boolean>> = {
  // Help texts and what is wrong with a setting; the default of EVENT_SOURCE is older than the other resources.
  'config.ts': (text) => text.includes(' ') || text === '/partyRoleManagement',
  'tool-arguments.ts': (text) => text.includes(' '),
  'handlers/definition.ts': isViewPart,
  'customer/customer-view.ts': isViewPart,
};

it('names a resource in one file of its own, and in the list of all', () => {
  const all = definitions({ roleTypeDefault: true, lifeCycles: new Map() });
  const names = all.flatMap(({ name, typeName }) => [name, typeName]);
  const own = sources.filter(({ imports }) => imports.includes('handlers/define.ts')).map(({ file }) => file);
  expect(own).toHaveLength(resourceNames.length);
  for (const source of sources) {
    const { file } = source;
    const named = wordsOf(source).filter((word) => names.some((name) => word.includes(name)));
    if (!own.includes(file) && file !== 'handlers/index.ts') expect([file, named.filter((word) => !NAMED[file]?.(word))]).toEqual([file, []]);
    else expect([file, named.length > 0]).toEqual([file, true]);
  }
});

/** Every name, text and pattern in a file's code; comments are no part of it. */
function wordsOf({ file, text }: Source): string[] {
  const words: string[] = [];
  const visit = (node: ts.Node): void => {
    if ('text' in node && typeof node.text === 'string') words.push(node.text);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(ts.createSourceFile(file, text, ts.ScriptTarget.ESNext), visit);
  return words;
}
