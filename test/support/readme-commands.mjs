// Prints the shell block of README.md that follows the comment <!-- ci:NAME -->, so that CI runs what the README says.
import { readFileSync } from 'node:fs';

const name = process.argv[2];
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const blocks = new Map([...readme.matchAll(/^<!-- ci:(\S+) -->\n+```sh\n(.*?)^```$/gms)].map(([, key, text]) => [key, text]));
const block = blocks.get(name);
if (block === undefined) {
  process.stderr.write(`README.md has no block "ci:${name}"; it has: ${[...blocks.keys()].join(', ')}\n`);
  process.exit(1);
}
process.stdout.write(block);
