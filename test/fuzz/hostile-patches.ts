import { anyName, anyText, anyTree, ATTRIBUTES, mutated, NAMES, validRole } from './hostile-values.js';
import { Members, members, type Tree } from './json-text.js';
import type { Random } from './random.js';

export const PATCH_TYPES = ['application/merge-patch+json', 'application/json', 'application/json-patch+json', 'application/json-patch-query+json'] as const;

/** A patch of this media type; about half of them can be applied. */
export function anyPatch(mediaType: string, random: Random): Tree {
  if (mediaType.startsWith('application/json-patch')) {
    const query = mediaType.includes('query');
    const operations = Array.from({ length: 1 + random.below(4) }, () => operation(query, random));
    return random.weighted<Tree>([
      [20, () => operations],
      [3, () => mutated(operations, random)],
      [1, () => anyTree(random)],
      [0.2, () => Array.from({ length: random.below(1_200) }, () => operation(query, random))],
      [0.3, () => bomb(random)],
    ]);
  }
  return random.weighted<Tree>([
    [4, () => members({ status: random.pick(['active', 'suspended', 'closed']), nick: `n${random.below(100)}` })],
    [4, () => mutated(validRole(random), random)],
    [3, () => new Members([[anyName(random), anyTree(random)]])],
    [1, () => anyTree(random)],
  ]);
}

function operation(query: boolean, random: Random): Tree {
  const op = random.weighted([
    [9, () => random.pick(['add', 'remove', 'replace', 'move', 'copy', 'test'])],
    [1, () => anyText(random)],
  ]);
  const path = (): string => (query && random.chance(0.7) ? selector(random) : pointer(random));
  const entries: [string, Tree][] = [
    ['op', op],
    ['path', path()],
  ];
  if (op === 'move' || op === 'copy' || random.chance(0.05)) entries.push(['from', path()]);
  if (op === 'add' || op === 'replace' || op === 'test' || random.chance(0.05)) entries.push(['value', random.chance(0.5) ? 'text' : anyTree(random)]);
  return new Members(random.chance(0.9) ? entries : entries.toSpliced(random.below(entries.length), 1));
}

function pointer(random: Random): string {
  return random.weighted([
    [4, () => `/${random.pick(['name', 'status', 'nick', 'engagedParty', 'relatedParty', 'contactMedium'])}`],
    [3, () => `/${random.pick(['relatedParty', 'contactMedium', 'characteristic'])}/${random.pick(['0', '1', '-', '7', '01', '-1', '1e3', '4294967295', '9007199254740993'])}`],
    [2, () => `/${Array.from({ length: 1 + random.below(4) }, () => token(random)).join('/')}`],
    [1, () => random.pick(['', '/', '//', '~', '/~', '/~2', '#/name', 'name', '/name/', '/id', '/href', '/__proto__/polluted', '/constructor/prototype/polluted'])],
    [0.2, () => '/a'.repeat(random.below(5_000))],
  ]);
}

function token(random: Random): string {
  return random.pick([...NAMES, ...ATTRIBUTES]).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** JSON Patch Query: pointers with a query, and JSONPath. */
function selector(random: Random): string {
  const attribute = (): string => random.pick(ATTRIBUTES);
  return random.weighted([
    [4, () => `/relatedParty${random.pick(['', '/role', '/name'])}?${random.pick(['id=0', 'id=1', 'role=owner', 'id=0&role=owner', 'id=%FF', 'id', '=', '&', 'id=0&&', '__proto__=1', 'constructor.name=Object'])}`],
    [2, () => `/${attribute()}?${anyName(random)}=${anyText(random).slice(0, 300)}`],
    [3, () => `$.relatedParty[?(@.${random.pick(['id', 'role', '__proto__', 'constructor'])}=='${random.pick(['0', 'owner', '', '\\u0000'])}')]${random.pick(['', '.name', '.role', "['__proto__']"])}`],
    [2, () => `$..${attribute()}`],
    [2, () => random.pick(['$', '$.', '$..', '$..*', '$[*]', '$[*][*][*]', '$..[?@..*]', '$[?$..*]', '$[0:99999999999]', '$[::0]', '$[::-1]', '$[-1]', '$[9007199254740993]', '*', '@', '?', '[', "['", '$.a[?', '$..a..b', '$[?match(@.a,"(a+)+")]', '$[?search(@,".*")]', '$[?length(@.name)>3]', '$[?count(@.*)>1]', '$[?value(@..id)==1]', '$["\\ud800"]', `$${'[0]'.repeat(500)}`, `$[?${'('.repeat(400)}@${')'.repeat(400)}]`, `$[?${'!'.repeat(900)}@]`])],
    [1, () => anyText(random)],
    [0.5, () => `$[?${Array.from({ length: random.below(200) }, () => '@.a==1').join('&&')}]`],
  ]);
}

/** Operations that together write far more than they are long. */
function bomb(random: Random): Tree {
  const doubling = Array.from({ length: 10 + random.below(40) }, (_, step): Tree => members({ op: 'copy', from: step % 2 === 0 ? '' : '/bomb', path: random.pick(['/bomb', '/bomb/a', '/x/-']) }));
  return [members({ op: 'add', path: '/bomb', value: members({ a: 'x'.repeat(100) }) }), ...doubling];
}
