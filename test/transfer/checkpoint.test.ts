import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasBytes, NOTHING_YET, refusedFile, removeProgress, runOf, savedProgress, saveProgress, type Progress } from '../../src/transfer/checkpoint.js';
import { readingText } from '../../src/transfer/meter.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'party-role-import-'));
  file = join(folder, 'a.ndjson');
  writeFileSync(file, '{}\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const progress: Progress = { place: { number: 7, end: 70 }, totals: { created: 5, alreadyThere: 1, refused: 1, warned: 0 }, refusedBytes: 12 };

it('goes on with the same run alone', () => {
  const path = `${file}.progress`;
  expect(savedProgress(path, 'run')).toBeUndefined();
  saveProgress(path, 'run', progress);
  expect(savedProgress(path, 'run')).toMatchObject(progress);
  expect(savedProgress(path, 'other')).toBeUndefined();
  writeFileSync(path, '{"run":"run","pla');
  expect(savedProgress(path, 'run')).toBeUndefined();
  removeProgress(path);
  removeProgress(path);
});

it('takes a file that was changed, or another destination, for another run', () => {
  const first = runOf(file, ['x', 'amqp://here']);
  expect(runOf(file, ['x', 'amqp://here'])).toBe(first);
  expect(runOf(file, ['x', 'amqp://there'])).not.toBe(first);
  utimesSync(file, 1, 1);
  expect(runOf(file, ['x', 'amqp://here'])).not.toBe(first);
});

it('keeps of the refused lines those that count, makes no file without any, and lets nobody else read it', () => {
  const path = `${file}.refused.ndjson`;
  refusedFile(path, 0).close();
  expect(hasBytes(path, 0)).toBe(true);
  expect(hasBytes(path, 1)).toBe(false);

  const first = refusedFile(path, 0);
  first.write('{"line":1}');
  const { bytes } = first;
  first.write('{"line":2}');
  first.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);

  expect(hasBytes(path, bytes)).toBe(true);
  const again = refusedFile(path, bytes);
  again.write('{"line":3}');
  again.close();
  expect(readFileSync(path, 'utf8')).toBe('{"line":1}\n{"line":3}\n');
  expect(again.bytes).toBe(22);

  const clean = refusedFile(path, 0);
  expect(hasBytes(path, 22)).toBe(true);
  clean.close();
  expect(hasBytes(path, 1)).toBe(false);
});

it('drops the refused lines behind the place where the run goes on, also when no others come', () => {
  const path = `${file}.refused.ndjson`;
  writeFileSync(path, '{"line":1}\n{"line":2}\n');
  refusedFile(path, 11).close();
  expect(readFileSync(path, 'utf8')).toBe('{"line":1}\n');
});

it('says how far it is', () => {
  const { totals } = progress;
  expect(readingText({ totals, bytes: 25, ofBytes: 100 }, 1_234)).toBe('[######------------------] 25 %  7 lines  1,234/s  created 5  already there 1  refused 1');
  expect(readingText({ totals: NOTHING_YET.totals, bytes: 0, waiting: 'the bus is away' }, 0)).toBe('0 lines  0/s  created 0  already there 0  refused 0  waiting: the bus is away');
});
