/** Where RE2 and PCRE read the same text differently, outside and inside a character class. */
const REWRITES: Readonly<Record<string, readonly [outside: string, inside: string]>> = {
  // PCRE counts the vertical tab as white space.
  '\\s': ['[\\t\\n\\f\\r ]', '\\t\\n\\f\\r '],
  '\\S': ['[^\\t\\n\\f\\r ]', '\\S'],
  // One character in RE2, a class of them in PCRE.
  '\\v': ['\\x0B', '\\x0B'],
};

/** A quotation, an escape, the start or end of a class (a `]` that comes first is a member), or one character. */
const TOKEN = /\\Q[^]*?(?:\\E|$)|\\[^]|\[:\^?\w+:\]|\[\^?\]?|[^]/gu;

/**
 * A regular expression of the RE2 syntax as MongoDB's PCRE must be given it to match the same texts.
 * `$` is the very end of the text in RE2, but also stands before a last newline in PCRE.
 * Known rest: `\S` inside a class counts the vertical tab as white space.
 */
export function toPcre(pattern: string): string {
  const multiline = /\(\?[a-zA-Z]*m/.test(pattern);
  let inClass = false;
  return pattern.replace(TOKEN, (token) => {
    const rewrite = REWRITES[token];
    if (rewrite) return rewrite[inClass ? 1 : 0];
    if (!inClass && token.startsWith('[')) inClass = true;
    else if (inClass && token === ']') inClass = false;
    return token === '$' && !inClass && !multiline ? '\\z' : token;
  });
}
