import { toPcre } from '../../src/store/mongo-regex.js';

describe('regular expressions for MongoDB', () => {
  it.each([
    ['abc', 'abc'],
    ['^a.*b$', '^a.*b\\z'],
    ['a\\$', 'a\\$'],
    ['[$a]', '[$a]'],
    ['[]$]', '[]$]'],
    ['[^]$]x$', '[^]$]x\\z'],
    ['\\\\$', '\\\\\\z'],
    ['(?m)^a$', '(?m)^a$'],
    ['(?im:a)$', '(?im:a)$'],
    ['\\Qa$\\E$', '\\Qa$\\E\\z'],
    ['\\s+', '[\\t\\n\\f\\r ]+'],
    ['[\\sx]', '[\\t\\n\\f\\r x]'],
    ['\\S\\v', '[^\\t\\n\\f\\r ]\\x0B'],
    ['[[:alpha:]$]$', '[[:alpha:]$]\\z'],
  ])('%j becomes %j', (re2, pcre) => {
    expect(toPcre(re2)).toBe(pcre);
  });
});
