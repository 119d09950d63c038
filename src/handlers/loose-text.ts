/** What may stand between a name and its value, the opening quote included, in JSON, in JSON within a text, and in what was meant to be either. */
const BETWEEN: ReadonlySet<string> = new Set('\\"\':=> \t\r\n\0');
const ENDS_BARE_VALUE: ReadonlySet<string> = new Set('\\"\',}]&< \t\r\n');
const QUOTES: ReadonlySet<string | undefined> = new Set('"\'');

/**
 * A text with other values of these names, wherever it nearly is JSON: broken, or within another text. In one pass, however
 * hostile it is. The same text where it has none of the names.
 */
export function withOtherValues(text: string, names: readonly string[], replace: (value: string) => string): string {
  if (!mentions(text, names)) return text;
  const name = new RegExp(names.map(spellings).join('|'), 'g');
  let result = '';
  let done = 0;
  while (name.exec(text)) {
    const start = endOf(text, name.lastIndex, (character) => BETWEEN.has(character));
    const between = text.slice(name.lastIndex, start);
    if (!/[:=>]/.test(between)) continue;
    const end = valueEnd(text, start, between.replaceAll('\0', ''));
    result += text.slice(done, start) + (end > start ? replace(text.slice(start, end)) : '');
    done = end;
    name.lastIndex = end;
  }
  return result + text.slice(done);
}

/** Whether one of the names may be in the text, as it is, with escapes, or in UTF-16. */
function mentions(text: string, names: readonly string[]): boolean {
  return names.some((name) => text.includes(name)) || text.includes('\\u') || text.includes('\0');
}

/** Each character as it is or as an escape of JSON; every other byte is 0 where the text is UTF-16. */
function spellings(name: string): string {
  return [...name].map((character) => `(?:${character}|\\\\u${character.charCodeAt(0).toString(16).padStart(4, '0')})`).join('\\0?');
}

function valueEnd(text: string, start: number, between: string): number {
  // What lies deeper would have to be understood.
  if (text[start] === '{' || text[start] === '[') return text.length;
  const quote = between.at(-1);
  if (!QUOTES.has(quote)) return endOf(text, start, (character) => !ENDS_BARE_VALUE.has(character));
  // A quotation whose quotes are escaped ends where the escape of the last one begins.
  if (between.at(-2) === '\\') return endOf(text, start, (character) => character !== '\\' && !QUOTES.has(character));
  let end = start;
  while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1;
  return Math.min(end, text.length);
}

function endOf(text: string, start: number, goesOn: (character: string) => boolean): number {
  let end = start;
  while (end < text.length && goesOn(text.charAt(end))) end += 1;
  return end;
}
