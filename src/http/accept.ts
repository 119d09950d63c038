const RANGES = ['*/*', 'application/*', 'application/json'];

/** Whether an `Accept` header allows JSON (RFC 9110 section 12.5.1): the most precise range that covers it decides. */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  let precision = -1;
  let quality = 0;
  for (const member of accept.toLowerCase().split(',')) {
    const [range = '', ...parameters] = member.split(';').map((part) => part.trim());
    const found = RANGES.indexOf(range);
    if (found <= precision) continue;
    precision = found;
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    quality = weight === undefined ? 1 : Number(weight.slice(2));
  }
  return quality > 0;
}
