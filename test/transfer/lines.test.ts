import fc from 'fast-check';
import { linesOf, type Line } from '../../src/transfer/lines.js';
import { collected } from './collected.js';

// eslint-disable-next-line @typescript-eslint/require-await -- a stream of bytes is asynchronous
async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.byteLength; from += size) yield bytes.subarray(from, from + size);
}

async function read(text: string, size: number, maxBytes = 1_000): Promise<Line[]> {
  return collected(linesOf(chunks(Buffer.from(text), size), maxBytes));
}

const texts = (lines: readonly Line[]): (string | undefined)[] => lines.map(({ bytes }) => (bytes === undefined ? undefined : Buffer.from(bytes).toString()));

it.each([1, 2, 3, 7, 1_000])('splits at line feeds, however the bytes come: %i at a time', async (size) => {
  const lines = await read('one\n\ntwö\r\nlast', size);
  expect(texts(lines)).toEqual(['one', '', 'twö\r', 'last']);
  expect(lines.map(({ number, end }) => [number, end])).toEqual([[1, 4], [2, 5], [3, 11], [4, 15]]);
});

it('has no line behind the last line feed, and none in nothing', async () => {
  expect(texts(await read('a\n', 10))).toEqual(['a']);
  expect(await read('', 10)).toEqual([]);
});

it.each([1, 4, 100])('passes over what is too long, and goes on behind it: %i at a time', async (size) => {
  expect(texts(await read('12345\n123456\n1\n1234567890', size, 5))).toEqual(['12345', undefined, '1', undefined]);
});

it('goes on from the place behind any line as if it had never stopped', async () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'ä', '\r', '{', ' '), maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 9 }), fc.nat(), async (parts, size, choice) => {
      const bytes = Buffer.from(parts.join('\n'));
      const all = await collected(linesOf(chunks(bytes, size), 10));
      const at = choice % (all.length + 1);
      const place = all[at - 1] ?? { number: 0, end: 0 };
      const rest = await collected(linesOf(chunks(bytes.subarray(place.end), size), 10, place));
      expect(rest).toEqual(all.slice(at));
    }),
  );
});
