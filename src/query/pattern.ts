import { RE2JS } from 're2js';
import safeRegex from 'safe-regex2';
import { textOf } from '../errors.js';
import { badParameter } from './parameter.js';

const MAX_LENGTH = 200;
const MAX_PATTERNS = 5;

/** Flags at the start, which RE2 and PCRE read alike and the safety check cannot read. */
const LEADING_FLAGS = /^\(\?[ims]+\)/;

/** Checks all regular expressions of a query, and that they are few. @throws Refusal 400 */
export function checkPatterns(conditions: readonly { parameter: string; values: readonly string[] }[]): void {
  const patterns = conditions.flatMap(({ parameter, values }) => values.map((pattern) => ({ parameter, pattern })));
  const excess = patterns[MAX_PATTERNS];
  if (excess) throw badParameter(excess.parameter, `a query has at most ${MAX_PATTERNS} regular expressions`);
  for (const { parameter, pattern } of patterns) checkPattern(parameter, pattern);
}

/**
 * Lets through regular expressions that RE2 understands (no look-around, no back-references) and that cannot take
 * exponential time in a database that backtracks.
 * @throws Refusal 400
 */
function checkPattern(parameter: string, pattern: string): void {
  if (pattern.length > MAX_LENGTH) throw badParameter(parameter, `a regular expression has at most ${MAX_LENGTH} characters`);
  // RE2 itself is always linear; the database's own engine may not be.
  if (!safeRegex(pattern.replace(LEADING_FLAGS, ''))) throw badParameter(parameter, 'a regular expression must be well-formed, without nested repetitions and with at most 25 of them');
  if (repeatsAlternatives(pattern)) throw badParameter(parameter, 'a regular expression must not repeat a group of alternatives or of optional parts');
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    throw badParameter(parameter, `not a regular expression of the RE2 syntax: ${textOf(error)}`);
  }
}

/**
 * Whether a repeated group can match the same text in several ways, as in `(a|aa)*` or `(a?b?)*`: MongoDB gives up on
 * such a match after a while and then answers as if there were none (measured).
 */
function repeatsAlternatives(pattern: string): boolean {
  const syntax = pattern.replaceAll(/\\./gs, 'x').replaceAll(/\[\^?\]?[^\]]*\]/g, 'x');
  const ambiguous: boolean[] = [];
  for (let i = 0; i < syntax.length; i += 1) {
    const character = syntax[i] ?? '';
    if (character === '(') {
      ambiguous.push(false);
      if (syntax[i + 1] === '?') i += 1;
    } else if (character === ')') {
      const inside = ambiguous.pop() ?? false;
      if (inside && /[*+{]/.test(syntax[i + 1] ?? '')) return true;
      if (inside && ambiguous.length > 0) ambiguous[ambiguous.length - 1] = true;
    } else if ('|?*+{'.includes(character) && ambiguous.length > 0) {
      ambiguous[ambiguous.length - 1] = true;
    }
  }
  return false;
}
