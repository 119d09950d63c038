import fc from 'fast-check';
import { Refusal } from '../../src/errors.js';
import { definitions } from '../../src/handlers/index.js';
import { type ListParameters, parseFields, parseListParameters } from '../../src/http/query-parameters.js';
import { definitionOf } from '../support/resources.js';

const HREF_PREFIX = '/tmf-api/partyRoleManagement/v4/partyRole/';
const scalarType = definitions({ roleTypeDefault: true, lifeCycles: new Map() })[0]?.scalarType ?? (() => undefined);
const rules = { resource: 'partyRole', pageDefault: 20, pageMax: 100, countMax: 1000, scalarType, hidden: ['cardNumber'], hrefPrefix: HREF_PREFIX };

function parse(rawQuery: string): ListParameters {
  return parseListParameters(rawQuery, rules);
}

/** The only condition of a query, as text. */
function condition(rawQuery: string): string {
  const { where } = parse(rawQuery).query;
  expect(where).toHaveLength(1);
  return where.map(({ path, operator, values }) => `${path.join('/')} ${operator} ${values.join('|')}`).join();
}

/** The parameter that a refused query is blamed on. */
function blamed(rawQuery: string, status = 400): string | undefined {
  try {
    parse(rawQuery);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    expect(error.status).toBe(status);
    return error.faults[0]?.at;
  }
  throw new Error(`${rawQuery} was accepted`);
}

describe('filters', () => {
  test.each([
    ['status=active', 'status eq active'],
    ['status.eq=active', 'status eq active'],
    ['engagedParty.id.ne=1', 'engagedParty/id ne 1'],
    ['status.in=a,b', 'status in a|b'],
    ['status.nin=a,b', 'status nin a|b'],
    ['x.gt=1', 'x gt 1'],
    ['x.gte=1', 'x gte 1'],
    ['x.lt=1', 'x lt 1'],
    ['x.lte=1', 'x lte 1'],
    ['name.regex=^a.*z$', 'name regex ^a.*z$'],
    ['x>1', 'x gt 1'],
    ['x>=1', 'x gte 1'],
    ['x<1', 'x lt 1'],
    ['x<=1', 'x lte 1'],
    ['name*=a.*', 'name regex a.*'],
    ['name!=a', 'name ne a'],
    ['x%3E1', 'x gt 1'],
    ['x%3E=1', 'x gte 1'],
    ['x%3e%3d1', 'x gte 1'],
    ['x%3C1', 'x lt 1'],
    ['x%3C%3D1', 'x lte 1'],
    ['name%2A=a', 'name regex a'],
    ['name.regex=(?i)acme', 'name regex (?i)acme'],
    ['@type=PartyRole', '@type eq PartyRole'],
    ['a.in.eq=1', 'a/in eq 1'],
    ['a.size.eq=1', 'a/size eq 1'],
    ['eq=1', 'eq eq 1'],
    ['name=', 'name eq '],
    ['name=a=b', 'name eq a=b'],
  ])('%s means %s', (raw, expected) => {
    expect(condition(raw)).toBe(expected);
  });

  test.each([
    ['comma-separated', 'status=a,b'],
    ['repeated', 'status=a&status=b'],
    ['joined by ;', 'status=a;status=b'],
    ['repeated with and without suffix', 'status=a&status.eq=b'],
  ])('%s values are alternatives', (_, raw) => {
    expect(condition(raw)).toBe('status eq a|b');
  });

  test('an encoded comma, plus and semicolon are literal, and so is a raw plus', () => {
    expect(parse('name=a%2Cb%3Bc+d%2Be%20f').query.where[0]?.values).toEqual(['a,b;c+d+e f']);
  });

  test('other attributes and operators are further conditions', () => {
    expect(parse('a=1&b=2&a.gt=0').query.where.map(({ path, operator }) => `${path.join('.')} ${operator}`)).toEqual(['a eq', 'b eq', 'a gt']);
  });

  test('an enumerated type may begin with either case, as in a create; another type is as it is written', () => {
    const methods = { ...rules, scalarType: definitionOf('paymentMethod').scalarType };
    const values = (raw: string): unknown => parseListParameters(raw, methods).query.where[0]?.values;
    expect(values('@type=BankCard')).toEqual(['BankCard', 'bankCard']);
    expect(values('@type.nin=bankCard,Cash')).toEqual(['bankCard', 'BankCard', 'Cash', 'cash']);
    expect([values('@type.gt=bankCard'), values('@type.regex=bankCard'), values('@baseType=bankCard')]).toEqual([['bankCard'], ['bankCard'], ['bankCard']]);
    expect(parse('@type=PartyRole').query.where[0]?.values).toEqual(['PartyRole']);
  });

  test('a date-time is ordered as UTC, and equals what was written as well', () => {
    expect(condition('validFor.startDateTime.gt=2024-05-01T10:00+02:00')).toBe('validFor/startDateTime gt 2024-05-01T08:00:00.000Z');
    expect(condition('validFor.startDateTime=2024-05-01T10:00:00Z')).toBe('validFor/startDateTime eq 2024-05-01T10:00:00Z|2024-05-01T10:00:00.000Z');
    expect(condition('validFor.startDateTime=2024-05-01T10:00:00.000Z')).toBe('validFor/startDateTime eq 2024-05-01T10:00:00.000Z');
    expect(condition('name.regex=2024-05-01')).toBe('name regex 2024-05-01');
  });

  test.each([
    ['name.like=a', 'name.like'],
    ['name.$gt=a', 'name.$gt'],
    ['name.foo=a', 'name.foo'],
    ['name.foo.eq=a', 'name.foo.eq'],
    ['name.EQ=a', 'name.EQ'],
    ['extra.contains=a', 'extra.contains'],
    ['extra.Exists=true', 'extra.Exists'],
    ['$where=1', '$where'],
    ['%24where=1', '$where'],
    ['name[$ne]=a', 'name[$ne]'],
    ['name%5B%5D=a', 'name[]'],
    ['a..b=1', 'a..b'],
    ['.a=1', '.a'],
    ['a.=1', 'a.'],
    ['=1', ''],
    ['status', 'status'],
    ['status;', 'status'],
    ['a=1;b=2', 'a'],
    ['a=1;a.gt=2', 'a'],
    ['a=1;2', '2'],
    ['a.gt>1', 'a.gt'],
    ['a=%', 'a'],
    ['a%=1', 'a%'],
    ['a=%FF', 'a'],
    ['a=%00', 'a'],
    ['a%00b=1', 'a%00b'],
    ['filter=$[0]', 'filter'],
    ['limit>5', 'limit'],
    [`${'a.'.repeat(20)}a=1`, `${'a.'.repeat(20)}a`],
    [Array.from({ length: 51 }, (_, index) => `a${index}=1`).join('&'), 'a50'],
    [`a=${'1,'.repeat(200)}1`, 'a'],
  ])('%s is refused by name', (raw, parameter) => {
    expect(blamed(raw)).toBe(parameter);
  });

  test('a query string that is too long is refused as such', () => {
    expect(blamed(`a=${'1'.repeat(8_000)}`, 414)).toBeUndefined();
  });

  test('a declared attribute may be called like a foreign operator', () => {
    const size = { ...rules, scalarType: (path: readonly string[]) => (path.join('.') === 'attachment.size' ? ('number' as const) : undefined) };
    expect(parseListParameters('attachment.size=1', size).query.where).toHaveLength(1);
  });
});

describe('regular expressions', () => {
  test.each([
    ['not well-formed', '(a'],
    ['look-ahead', '(?%3Da)'],
    ['back-reference', '(a)%5C1'],
    ['nested repetitions', '(a%2B)%2B$'],
    ['more than 25 repetitions', 'a?'.repeat(26)],
    ['too long', 'a'.repeat(201)],
  ])('%s: refused', (_, pattern) => {
    expect(blamed(`name.regex=${pattern}`)).toBe('name.regex');
  });

  test('at most five, and their parameters are told', () => {
    expect(parse('a.regex=x,y&b*=z').patterns).toEqual(['a.regex', 'b']);
    expect(blamed('a.regex=1,2,3&b.regex=4,5,6')).toBe('b.regex');
  });
});

describe('paging and sorting', () => {
  test('have defaults', () => {
    expect(parse('').query).toEqual({ where: [], sort: [], offset: 0, limit: 20, countMax: 1000 });
  });

  test.each(['offset=-1', 'offset=a', 'offset=', 'offset', 'offset=1.5', 'offset=1e3', 'offset=%2B1', 'offset=1&offset=2', 'offset=2147483648', 'offset=9999999999999999'])(
    '%s is refused',
    (raw) => {
      expect(blamed(raw)).toBe('offset');
    },
  );

  test.each(['limit=-1', 'limit=ten', 'limit=101', 'limit=1,2', 'limit=0x10'])('%s is refused', (raw) => {
    expect(blamed(raw)).toBe('limit');
  });

  test('limit goes from 0 to the cap', () => {
    expect(parse('limit=0').query.limit).toBe(0);
    expect(parse('limit=100&offset=7').query).toMatchObject({ limit: 100, offset: 7 });
  });

  test('sort takes several attributes, each with its direction', () => {
    expect(parse('sort=-a,+b,c.d,%2Be,href').query.sort).toEqual([
      { path: ['a'], descending: true },
      { path: ['b'], descending: false },
      { path: ['c', 'd'], descending: false },
      { path: ['e'], descending: false },
      { path: ['id'], descending: false },
    ]);
  });

  test.each(['sort=', 'sort=a,', 'sort=-', 'sort=$a', 'sort=a[0]', `sort=${'a,'.repeat(10)}a`])('%s is refused', (raw) => {
    expect(blamed(raw)).toBe('sort');
  });
});

describe('href', () => {
  test('is compared by id', () => {
    expect(condition(`href=${HREF_PREFIX}42`)).toBe('id eq 42');
    expect(condition(`href.in=${HREF_PREFIX}1,${HREF_PREFIX}2`)).toBe('id in 1|2');
    expect(condition('href.ne=/elsewhere/42')).toBe('id ne ');
  });

  test('of something inside the resource is stored', () => {
    expect(condition('engagedParty.href=/elsewhere/42')).toBe('engagedParty/href eq /elsewhere/42');
  });

  test('has no order and no pattern', () => {
    expect(blamed('href.gt=a')).toBe('href.gt');
    expect(blamed('href.regex=a')).toBe('href.regex');
  });
});

describe('for any query string', () => {
  const piece = fc.oneof(
    fc.constantFrom('=', '&', ';', ',', '.', '$', '$where', '$ne', '[', ']', '%', '%24', '%00', '%2E', '>', '%3E', '*=', '!=', '__proto__', 'constructor'),
    fc.constantFrom('name', 'status', 'engagedParty.id', 'href', '.gt', '.in', '.regex', 'fields', 'sort', 'limit', 'offset', '1', '(a+)+', '2024-01-01'),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const queries = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''));

  test('the answer is a query whose names are only names, or a refusal that tells of the request', () => {
    fc.assert(
      fc.property(queries, (raw) => {
        let parameters: ListParameters;
        try {
          parameters = parse(raw);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          return error.status === 400 || error.status === 414;
        }
        const { where, sort, offset, limit } = parameters.query;
        const names = [...where, ...sort].flatMap(({ path }) => path);
        return (
          names.every((name) => name !== '' && !/^\$|[.[\]\0]/.test(name)) &&
          where.every(({ values }) => values.length > 0 && values.every((value) => typeof value === 'string')) &&
          Number.isSafeInteger(offset) && offset >= 0 && limit >= 0 && limit <= rules.pageMax
        );
      }),
      { numRuns: 3_000 },
    );
  });

  test('fields never fail but by a refusal', () => {
    fc.assert(
      fc.property(queries, (raw) => {
        try {
          parseFields(raw);
          return true;
        } catch (error) {
          return error instanceof Refusal;
        }
      }),
    );
  });

  test('a value that is percent-encoded comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        fc.pre(!value.includes('\0'));
        return parse(`name=${encodeURIComponent(value)}`).query.where[0]?.values[0] === value;
      }),
    );
  });
});

test.each(['creditProfile.creditScore=high', 'creditProfile.creditScore.gt=1e', 'creditProfile.creditRiskRating=1,x', 'creditProfile.creditScore.in=0x10', 'validFor.startDateTime.gt=yesterday', 'creditProfile.creditProfileDate=2024-13-01'])('refuses a value of the wrong type in %s and names the parameter', (query) => {
  const refusal = (): unknown => parseListParameters(query, rules);
  expect(refusal).toThrow(expect.objectContaining({ status: 400, faults: [{ at: query.split('=')[0], problem: expect.stringMatching(/is not a (number|date-time)/) as string }] }) as Error);
});

test('a comma inside a counted repetition belongs to the regular expression', () => {
  const values = (query: string): unknown => parseListParameters(query, rules).query.where[0]?.values;
  expect(values('name.regex=^[a-z]{0,9}$')).toEqual(['^[a-z]{0,9}$']);
  expect(values('name.regex=a{1,2},b,c%7B1,3%7D')).toEqual(['a{1,2}', 'b', 'c{1,3}']);
});

test.each(['(a|aa)%2B$', '^(a|b)*', '(ab|a)%2B$', '(a?b?)*c', '((a|b)c)%2B', '(a|b){2,}'])('refuses the ambiguous repetition %s', (pattern) => {
  expect(() => parseListParameters(`name.regex=${pattern}`, rules)).toThrow(expect.objectContaining({ status: 400, faults: [expect.objectContaining({ at: 'name.regex' })] }) as Error);
});

test.each(['^(a|b)$', '(abc)%2B', '^[(|)]*$', '(a|b)?', '\\(a|b\\)*', '(?i)a%2B'])('lets %s through', (pattern) => {
  expect(parseListParameters(`name.regex=${pattern}`, rules).patterns).toEqual(['name.regex']);
});
