/** One line of the table: a figure from each round, in the order of the rounds. */
export interface Line {
  readonly section: Section;
  /** `RabbitMQ creates: worker ÷ null`. */
  readonly what: string;
  readonly unit: '1/s' | '×' | 'ms' | 'µs' | 'MB' | 'bytes' | 'requests' | 's';
  readonly values: readonly number[];
  readonly target?: Target;
}

export type Section = 'throughput' | 'REST' | 'latency' | 'hub' | 'growth' | 'cost';

/** What the median must be. `soFar`: what it has come to as yet, where that is less; it must not become worse. */
export type Target = ({ readonly atLeast: number } | { readonly atMost: number }) & { readonly soFar?: number };

/** The middle value, or the mean of the two in the middle. @throws RangeError without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  if (low === undefined || high === undefined) throw new RangeError('no values');
  return (low + high) / 2;
}

/** How much of the target the median reaches: 1 or more is met. Undefined where there is none; 0 where a figure is missing. */
export function reached({ values, target }: Line): number | undefined {
  if (!target) return undefined;
  const part = 'atLeast' in target ? median(values) / target.atLeast : target.atMost / median(values);
  return Number.isFinite(part) ? part : 0;
}

/** The lines whose median reaches less than this share of its target, or of what it has come to as yet. */
export function poorOf(lines: readonly Line[], least: number): Line[] {
  return lines.filter((line) => {
    const { target } = line;
    if (!target) return false;
    const { soFar } = target;
    const asYet = soFar === undefined ? target : 'atLeast' in target ? { atLeast: soFar } : { atMost: soFar };
    return (reached({ ...line, target: asYet }) ?? 1) < least;
  });
}

/** The lines with the rounds of `more` behind their own. */
export function merged(lines: readonly Line[], more: readonly Line[]): Line[] {
  return lines.map((line) => ({ ...line, values: [...line.values, ...(more.find(({ section, what }) => section === line.section && what === line.what)?.values ?? [])] }));
}

/** The table as Markdown. */
export function table(lines: readonly Line[]): string {
  const rows = lines.map((line) => {
    const { section, what, unit, values } = line;
    const spread = values.length > 1 ? `${figure(Math.min(...values))} to ${figure(Math.max(...values))}` : '';
    const part = reached(line);
    return [section, what, `${figure(median(values))} ${unit}`, spread, targetText(line.target), part === undefined ? '' : part >= 1 ? 'met' : `${Math.floor(part * 100)} %`];
  });
  return [['', 'what', 'median', 'spread', 'target', ''], ['---', '---', '---', '---', '---', '---'], ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function targetText(target: Target | undefined): string {
  if (!target) return '';
  return 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}

/** Three significant digits, and no digit of a large number left out. */
function figure(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
