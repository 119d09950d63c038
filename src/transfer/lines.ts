/** A place between two lines. */
export interface Place {
  /** How many lines lie before it. */
  readonly number: number;
  /** How many bytes lie before it. */
  readonly end: number;
}

/** One line, with the place behind it; so its own number counts from 1. */
export interface Line extends Place {
  /** Without its line end; undefined: it is longer than allowed. */
  readonly bytes: Uint8Array | undefined;
}

export const BEGINNING: Place = { number: 0, end: 0 };

const NEWLINE = 10;

/**
 * Splits bytes into lines; what a line holds beyond `maxBytes` is never kept.
 * @param after where the bytes begin, when they are the rest of a file
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, maxBytes: number, after: Place = BEGINNING): AsyncGenerator<Line> {
  let { number, end } = after;
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (part: Uint8Array): void => {
    length += part.byteLength;
    if (length > maxBytes) parts = [];
    else if (part.byteLength > 0) parts.push(part);
  };
  const finish = (terminator: number): Line => {
    const bytes = length > maxBytes ? undefined : Buffer.concat(parts);
    number += 1;
    end += length + terminator;
    parts = [];
    length = 0;
    return { number, end, bytes };
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      take(chunk.subarray(from, at));
      from = at + 1;
      yield finish(1);
    }
    take(chunk.subarray(from));
  }
  if (length > 0) yield finish(0);
}
