const JSON_TYPE = 'application/json';

/** Whether an `Accept` header allows JSON. */
export function acceptsJson(accept: string | undefined): boolean {
  return preferredType(accept, [JSON_TYPE]) !== undefined;
}

/**
 * Which of these media types an `Accept` header prefers (RFC 9110 section 12.5.1): the most precise range that covers one decides
 * about it; of those with the same quality the one that is named more precisely, then the first. Undefined when it allows none.
 */
export function preferredType<T extends string>(accept: string | undefined, offered: readonly T[]): T | undefined {
  const ranges = accept === undefined || accept.trim() === '' ? [{ range: '*/*', quality: 1 }] : accept.toLowerCase().split(',').map(toRange);
  const allowed = offered.map((type) => ({ type, ...preference(type, ranges) })).filter(({ quality }) => quality > 0);
  return allowed.sort((a, b) => b.quality - a.quality || b.precision - a.precision)[0]?.type;
}

interface Range {
  readonly range: string;
  readonly quality: number;
}

function toRange(member: string): Range {
  const [range = '', ...parameters] = member.split(';').map((part) => part.trim());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  return { range, quality: weight === undefined ? 1 : Number(weight.slice(2)) };
}

function preference(type: string, ranges: readonly Range[]): { readonly quality: number; readonly precision: number } {
  const covering = ['*/*', type.replace(/\/.*/, '/*'), type];
  let best = { quality: 0, precision: -1 };
  for (const { range, quality } of ranges) {
    const precision = covering.indexOf(range);
    if (precision > best.precision) best = { quality, precision };
  }
  return best;
}
