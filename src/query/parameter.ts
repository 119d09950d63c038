import { Refusal } from '../errors.js';

/** A query parameter that cannot be understood, or may not be asked. @param parameter its name, as the caller wrote it. */
export function badParameter(parameter: string, problem: string): Refusal {
  return new Refusal(400, 'A query parameter is not valid', [{ at: shortened(parameter), problem }]);
}

/** Percent-decoding (RFC 3986 section 2.1); a raw `+` stays a plus, since date-times have one in their offset. */
export function decode(parameter: string, text: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw badParameter(parameter, 'has a percent sign that encodes nothing');
  }
  if (decoded.includes('\0')) throw badParameter(parameter, 'has a NUL character');
  return decoded;
}

/** Alternatives: a raw comma separates them, `%2C` is a comma. */
export function decodeList(parameter: string, text: string): string[] {
  return text.split(',').map((part) => decode(parameter, part));
}

const MAX_DEPTH = 20;

/** Alternatives that are regular expressions: a comma inside a counted repetition such as `{1,3}` belongs to it. */
export function decodePatterns(parameter: string, text: string): string[] {
  return text.split(/,(?!(?:(?!\{|%7B).)*(?:\}|%7D))/is).map((part) => decode(parameter, part));
}

/** A dotted attribute name as its segments; nothing in them can mean anything but a name to a database. */
export function attributePath(parameter: string, name: string): string[] {
  const path = name.split('.');
  if (path.length > MAX_DEPTH) throw badParameter(parameter, `goes deeper than ${MAX_DEPTH} levels`);
  for (const segment of path) {
    if (segment === '') throw badParameter(parameter, 'has an empty attribute name');
    if (segment.startsWith('$')) throw badParameter(parameter, 'an attribute name does not start with $');
    if (/[[\]]/.test(segment)) throw badParameter(parameter, 'an attribute name has no brackets');
  }
  return path;
}

/** Long enough to recognise a parameter in an error text. */
function shortened(parameter: string): string {
  return parameter.length > 100 ? `${parameter.slice(0, 100)}…` : parameter;
}
