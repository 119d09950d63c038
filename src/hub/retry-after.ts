const LONGEST_MS = 3_600_000;
const SECOND_MS = 1_000;
/** RFC 9110, section 5.6.7, the obsolete forms included. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /;

/** The pause that Retry-After asks for (RFC 9110, section 10.2.3), at most an hour; undefined when it says nothing that is understood. */
export function retryAfterMs(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value) * SECOND_MS, LONGEST_MS);
  // One of the forms says nothing about the zone, and means the same.
  const ms = HTTP_DATE.test(value) ? Date.parse(value.endsWith('GMT') ? value : `${value} GMT`) - now.getTime() : NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_MS);
}
