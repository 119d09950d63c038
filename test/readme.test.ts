import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { helpText, readConfig, settingList } from '../src/config.js';
import { definitions } from '../src/handlers/index.js';
import { table, type Line } from './bench/report.js';

const readme = readFileSync(join(process.cwd(), 'README.md'), 'utf8');
const operations = readFileSync(join(process.cwd(), 'OPERATIONS.md'), 'utf8');

it.each(settingList.map(({ name, fallback, help }) => [name, fallback, help]))('the README has the setting %s as it is', (name, fallback, help) => {
  expect(readme).toContain(`| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${help} |`);
  expect(helpText()).toContain(name);
});

it('names no setting that does not exist', () => {
  const table = readme.slice(readme.indexOf('## Configuration'), readme.indexOf('## Guarantees'));
  const named = [...table.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);
  expect(named).toEqual(settingList.map((setting) => setting.name));
});

it('shows the verification of signatures as it is tried', () => {
  const snippet = readFileSync(join(process.cwd(), 'test/examples/verify-signature.mjs'), 'utf8');
  expect(readme).toContain(`\`\`\`js\n${snippet}\`\`\`\n`);
});

it.each(definitions(readConfig({})))('the operations guide has the indexes of $name', ({ name, indexes }) => {
  const shown = (filterOnly: boolean): string =>
    indexes
      .filter((index) => (index.filterOnly ?? false) === filterOnly && index.latestBy === undefined)
      .map(({ path }) => `\`${path}\``)
      .join(', ');
  expect(operations).toContain(`| \`${name}\` | ${shown(false)} | ${shown(true)} |`);
});

it('has the results of the full benchmark as they were measured', () => {
  const { setting, lines } = JSON.parse(readFileSync(join(process.cwd(), 'test/bench/results.json'), 'utf8')) as { setting: Record<string, string>; lines: Line[] };
  const speed = readme.slice(readme.indexOf('## Speed'), readme.indexOf('## Operations'));
  const [, , ...shown] = speed.split('\n').filter((row) => row.startsWith('|'));
  const measured = new Set(table(lines).split('\n').map((row) => `| ${row.split(' | ').slice(1).join(' | ')}`));
  expect(shown.filter((row) => !measured.has(row))).toEqual([]);
  const withTarget = lines.filter(({ target }) => target !== undefined).map(({ what }) => what);
  expect(withTarget.filter((what) => !shown.some((row) => row.startsWith(`| ${what} |`)))).toEqual([]);
  expect(speed).toContain(setting['date']);
});
