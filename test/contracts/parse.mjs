// The standard parsers are ES modules, which the tests cannot load: `node parse.mjs openapi|asyncapi FILE…` prints what is wrong with each.
import { readFileSync } from 'node:fs';

const [, , kind, ...files] = process.argv;
const problemsOf = kind === 'openapi' ? await openApi() : await asyncApi();
const problems = [];
for (const file of files) problems.push(await problemsOf(file));
process.stdout.write(JSON.stringify(problems));

async function openApi() {
  const { validate } = await import('@readme/openapi-parser');
  return async (file) => {
    const { valid, errors = [], warnings = [] } = await validate(file);
    return [...(valid ? [] : ['not valid']), ...errors.map(({ message }) => message), ...warnings.map(({ message }) => message)];
  };
}

async function asyncApi() {
  const { Parser } = await import('@asyncapi/parser');
  const parser = new Parser();
  return async (file) => {
    const { document, diagnostics } = await parser.parse(readFileSync(file, 'utf8'));
    // That there is a later version of AsyncAPI is no fault of the document.
    const found = diagnostics.filter(({ code }) => code !== 'asyncapi-latest-version').map(({ path, message }) => `${path.join('/')}: ${message}`);
    return [...(document ? [] : ['not valid']), ...found];
  };
}
