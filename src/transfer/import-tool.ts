import { createReadStream, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config.js';
import { textOf } from '../errors.js';
import type { ResourceDefinition } from '../handlers/definition.js';
import { definitions } from '../handlers/index.js';
import { withoutUndefined, type JsonObject } from '../json.js';
import { ToolError } from '../tool-error.js';
import type { OpenPorts } from '../tool-ports.js';
import { hasBytes, NOTHING_YET, refusedFile, removeProgress, runOf, savedProgress, saveProgress, type Progress, type RefusedFile, type Totals } from './checkpoint.js';
import { linesOf } from './lines.js';
import { load, type LoadOptions, type Outcome } from './load.js';
import { Meter, type Screen } from './meter.js';
import { refusedLine, type Origin } from './record.js';
import { busTarget, collectionAt, ownUrl, restTarget, serviceUrl, type Target } from './target.js';
import type { ImportTask } from './transfer-arguments.js';

/** How long nobody may answer: at first, and later, when something is being mended. */
export const PATIENCE_MS = [15_000, 60_000] as const;
const SAVE_EVERY_MS = 1_000;
const WARNINGS_SHOWN = 20;

/** Loads the file and prints what became of its lines; answers the exit code. */
export async function runImport(config: Config, task: ImportTask, ports: OpenPorts, print: (line: JsonObject) => void, screen: Screen): Promise<number> {
  const input = inputOf(config, task);
  const origin: Origin = { definition: definitionOf(config, task.resource), source: task.source, maxDepth: config.maxDepth, ...(task.key === undefined ? {} : { key: task.key }) };
  const run = new Run(input, origin);
  let waiting: string | undefined;
  const options: LoadOptions = {
    origin,
    target: await targetOf(config, task.url, origin, ports),
    concurrency: task.concurrency,
    ...(task.rate === undefined ? {} : { rate: task.rate }),
    patienceMs: PATIENCE_MS,
    maxBytes: config.bodyLimitBytes,
    onWaiting: (why) => (waiting = why),
  };
  const from = run.progress.place;
  const chunks = task.file === '-' ? process.stdin : createReadStream(task.file, from.end === 0 ? {} : { start: from.end });
  const meter = new Meter(screen, () => {
    const { totals, place } = run.progress;
    return { totals, bytes: place.end, ...(input.bytes === undefined ? {} : { ofBytes: input.bytes }), ...(waiting === undefined ? {} : { waiting }) };
  });
  try {
    for await (const outcome of load(linesOf(chunks, config.bodyLimitBytes, from), options)) {
      run.take(outcome);
      const view = viewOf(outcome, run.progress.totals);
      if (!view) continue;
      meter.clear();
      print(view);
    }
    run.end();
  } catch (error) {
    run.save();
    throw new ToolError(`stopped behind line ${run.progress.place.number}: ${textOf(error)}; run it again, nothing is created twice`);
  } finally {
    meter.stop();
    print(run.report(from.number));
  }
  return run.progress.totals.refused > 0 ? 1 : 0;
}

export function definitionOf(config: Config, resource: string): ResourceDefinition {
  const found = definitions(config).find(({ name }) => name === resource);
  if (!found) throw new ToolError(`there is no resource ${resource}`);
  return found;
}

/** To the service at `url`, or without one to the bus. */
async function targetOf(config: Config, url: string | undefined, origin: Origin, ports: OpenPorts): Promise<Target> {
  if (url !== undefined) return restTarget(collectionAt(serviceUrl(url, config), config, origin.definition));
  if (config.busUrl.startsWith('memory:')) throw new ToolError(`BUS_URL memory: lives inside the service; name the running one with --url ${ownUrl(config)}`);
  return busTarget(await ports.bus(await ports.store()), origin, config.replyTimeoutMs, () => new Date());
}

/** What a run reads, and the files beside it. */
interface Input {
  /** Absent where the end is not known. */
  readonly bytes?: number;
  readonly refusedPath?: string;
  /** Absent: what is read cannot be read again from a place in it. */
  readonly kept?: { readonly path: string; readonly run: string };
}

function inputOf(config: Config, { file, resource, source, key, url, refusedFile: refusedPath }: ImportTask): Input {
  if (file === '-' || !statSync(file).isFile()) return refusedPath === undefined ? {} : { refusedPath };
  if (refusedPath !== undefined && resolve(refusedPath) === resolve(file)) throw new ToolError('--refused must be another file than the one that is read');
  const destination = url === undefined ? [config.busUrl, config.storeUrl, config.prefix] : [serviceUrl(url, config), config.basePath];
  const kept = { path: `${file}.progress`, run: runOf(file, [resource, source, key ?? '', refusedPath ?? '', ...destination]) };
  return { bytes: statSync(file).size, refusedPath: refusedPath ?? `${file}.refused.ndjson`, kept };
}

/** What a run has come to, and what it leaves behind. */
class Run {
  progress: Progress;
  private readonly refused: RefusedFile | undefined;
  private savedAt = performance.now();

  constructor(
    private readonly input: Input,
    private readonly origin: Origin,
  ) {
    const { kept, refusedPath } = input;
    const saved = kept && savedProgress(kept.path, kept.run);
    this.progress = saved && hasBytes(refusedPath ?? '', saved.refusedBytes) ? saved : NOTHING_YET;
    this.refused = refusedPath === undefined ? undefined : refusedFile(refusedPath, this.progress.refusedBytes);
  }

  take({ line, kind, id, status, fault, warning }: Outcome): void {
    if (kind === 'refused') this.refused?.write(refusedLine(line.bytes, withoutUndefined({ line: line.number, id, status, fault }), this.origin));
    const { totals } = this.progress;
    const counted: Totals = kind === 'blank' ? totals : { ...totals, [kind]: totals[kind] + 1, warned: totals.warned + (warning === undefined ? 0 : 1) };
    this.progress = { place: { number: line.number, end: line.end }, totals: counted, refusedBytes: this.refused?.bytes ?? 0 };
    if (performance.now() - this.savedAt > SAVE_EVERY_MS) this.save();
  }

  save(): void {
    this.savedAt = performance.now();
    if (this.input.kept) saveProgress(this.input.kept.path, this.input.kept.run, this.progress);
  }

  end(): void {
    this.refused?.close();
    if (this.input.kept) removeProgress(this.input.kept.path);
  }

  report(from: number): JsonObject {
    const { created, alreadyThere, refused, warned } = this.progress.totals;
    const files = refused > 0 && this.input.refusedPath !== undefined ? { refusedFile: this.input.refusedPath } : {};
    return { totals: { lines: created + alreadyThere + refused, created, alreadyThere, refused, warned }, ...(from > 0 ? { wentOnBehindLine: from } : {}), ...files };
  }
}

/** What is worth a line of its own: not each of a thousand warnings of the same kind. */
function viewOf({ line, kind, id, status, fault, warning }: Outcome, { warned }: Totals): JsonObject | undefined {
  if (kind !== 'refused' && (warning === undefined || warned > WARNINGS_SHOWN)) return undefined;
  return withoutUndefined({ line: line.number, outcome: kind, id, status, fault, warning });
}
