import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where no server can be found or fetched; and in CI, where that is a failure. */
function servers(...args: readonly string[]): { readonly code: number | null; readonly output: string; readonly errors: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, 'servers-cli.js'), ...args], { env: { PATH: '/nonexistent', CI: '1' }, cwd: '/', encoding: 'utf8' });
  return { code: status, output: stdout, errors: stderr };
}

it.each([[['start', '--help']], [['fetch', '--help']], [['start', 'nats', '-h']]])('%j explains itself and gets nothing', (args) => {
  expect(servers(...args)).toEqual({ code: 0, output: expect.stringContaining('npm run servers') as string, errors: '' });
});

it.each([[[]], [['stop']], [['start', 'oracle']], [['start', '--halp']]])('%j is no command', (args) => {
  expect(servers(...args)).toEqual({ code: 2, output: '', errors: expect.stringContaining('npm run servers') as string });
});

it.each(['../drill/drill-cli.js', '../drill/hub-drill-cli.js', '../bench/bench-cli.js', '../outage/outage-cli.js'])('%s explains itself and gets nothing, too', (cli) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, cli), '--help'], { env: { PATH: '/nonexistent', CI: '1' }, cwd: '/', encoding: 'utf8' });
  expect([status, stdout + stderr]).toEqual([0, expect.stringMatching(/  --\w+/) as string]);
  expect(stderr).not.toMatch(/cannot|not found/);
});

it('is what npm run servers runs, with nothing fetched before', () => {
  const { scripts } = JSON.parse(readFileSync(join(process.cwd(), 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  expect(scripts['servers']).toBe('npm run --silent build && node dist/test/support/servers-cli.js start');
  for (const name of ['bench', 'drill', 'drill:hub', 'outage']) expect(scripts[name]).not.toContain('fetch');
});
