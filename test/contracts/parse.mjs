// The standard parsers are ES modules, which the tests cannot load: `node parse.mjs openapi|asyncapi FILE` prints what is wrong.
import { readFileSync } from 'node:fs';

const [, , kind, file] = process.argv;
const problems = kind === 'openapi' ? await openApiProblems() : await asyncApiProblems();
process.stdout.write(JSON.stringify(problems));

async function openApiProblems() {
  const { validate } = await import('@readme/openapi-parser');
  const { valid, errors = [], warnings = [] } = await validate(file);
  return [...(valid ? [] : ['not valid']), ...errors.map(({ message }) => message), ...warnings.map(({ message }) => message)];
}

async function asyncApiProblems() {
  const { Parser } = await import('@asyncapi/parser');
  const { document, diagnostics } = await new Parser().parse(readFileSync(file, 'utf8'));
  // That there is a later version of AsyncAPI is no fault of the document.
  const found = diagnostics.filter(({ code }) => code !== 'asyncapi-latest-version').map(({ path, message }) => `${path.join('/')}: ${message}`);
  return [...(document ? [] : ['not valid']), ...found];
}
