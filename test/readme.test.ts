import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { helpText, settingList } from '../src/config.js';

const readme = readFileSync(join(process.cwd(), 'README.md'), 'utf8');

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
