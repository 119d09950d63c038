import fc from 'fast-check';
import { toUtcDateTime } from '../../src/date-time.js';

it.each([
  ['2024-05-31T08:30:00.000Z', '2024-05-31T08:30:00.000Z'],
  ['2024-05-31T08:30Z', '2024-05-31T08:30:00.000Z'],
  ['2024-05-31T08:30', '2024-05-31T08:30:00.000Z'],
  ['2024-05-31T10:30:00+0200', '2024-05-31T08:30:00.000Z'],
  ['2024-05-31T10:30:00+02:00', '2024-05-31T08:30:00.000Z'],
  ['2024-05-31T08:30:00+0000', '2024-05-31T08:30:00.000Z'],
  ['2024-05-31t08:30:00.123456789z', '2024-05-31T08:30:00.123Z'],
  ['2024-05-31 08:30:00.5', '2024-05-31T08:30:00.500Z'],
  ['2024-01-01T00:30:00+01', '2023-12-31T23:30:00.000Z'],
  ['2024-05-31', '2024-05-31T00:00:00.000Z'],
])('reads %s', (text, utc) => {
  expect(toUtcDateTime(text)).toBe(utc);
});

it.each(['', 'now', '2024', '2024-13-01', '2024-02-30', '2024-05-31T25:00Z', '2024-05-31T08:61Z', '2024-05-31T08:30:00+25:00', '0000-01-01T00:00:00+02:00', '12024-05-31', '2024-05-31T08:30:00Zx'])(
  'refuses %p',
  (text) => {
    expect(toUtcDateTime(text)).toBeUndefined();
  },
);

it('makes text order the order of time', () => {
  const date = fc.date({ min: new Date('0001-01-01'), max: new Date('9998-12-31'), noInvalidDate: true });
  const offset = fc.integer({ min: -12 * 60, max: 14 * 60 });
  const written = fc.tuple(date, offset).map(([time, minutes]) => {
    const local = new Date(time.getTime() + minutes * 60_000).toISOString().slice(0, -1);
    const absolute = Math.abs(minutes);
    const zone = `${minutes < 0 ? '-' : '+'}${String(Math.floor(absolute / 60)).padStart(2, '0')}${String(absolute % 60).padStart(2, '0')}`;
    return { time: time.getTime(), text: toUtcDateTime(local + zone) ?? '' };
  });
  fc.assert(fc.property(written, written, (one, other) => (one.time < other.time) === (one.text < other.text) && Date.parse(one.text) === one.time));
});
