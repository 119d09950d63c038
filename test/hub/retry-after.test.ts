import { retryAfterMs } from '../../src/hub/retry-after.js';

const now = new Date('1994-11-06T08:49:00Z');

it.each([
  ['0', 0],
  ['1', 1_000],
  ['120', 120_000],
  ['3600', 3_600_000],
  ['3601', 3_600_000],
  ['99999999999999999999', 3_600_000],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
  ['Sun Nov  6 08:49:37 1994', 37_000],
  ['Sun, 06 Nov 1994 08:48:00 GMT', 0],
  ['Mon, 07 Nov 1994 08:49:00 GMT', 3_600_000],
])('understands %s', (value, ms) => {
  expect(retryAfterMs(value, now)).toBe(ms);
});

it.each(['', ' ', '-1', '1.5', '1e3', 'soon', '5 minutes', '1994-11-06T08:49:37Z', 'Sun, nonsense GMT', 'Sun, 45 Nov 1994 08:49:37 GMT'])('makes nothing of %j', (value) => {
  expect(retryAfterMs(value, now)).toBeUndefined();
});

it('makes nothing of nothing', () => {
  expect(retryAfterMs(undefined, now)).toBeUndefined();
});
