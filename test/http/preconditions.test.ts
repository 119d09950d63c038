import { Refusal } from '../../src/errors.js';
import { entityTag } from '../../src/entity-tag.js';
import { expectedRevision, isNotModified } from '../../src/http/preconditions.js';

function statusOf(ifMatch: string): number | undefined {
  try {
    expectedRevision(ifMatch);
    return undefined;
  } catch (error) {
    return error instanceof Refusal ? error.status : NaN;
  }
}

describe('If-Match', () => {
  test.each([
    ['"3"', '3'],
    ['*', '*'],
    [' "3" ', '3'],
    ['"3","4"', '3,4'],
    ['"3" , , "4",', '3,4'],
    ['W/"3", "4"', '4'],
    ['"abc", "4"', '4'],
  ])('%s demands %s', (header, expected) => {
    expect(expectedRevision(header)).toBe(expected);
  });

  test('absent demands nothing', () => {
    expect(expectedRevision(undefined)).toBeUndefined();
  });

  test.each(['', '3', '"3', '"3" "4"', '*, "3"', 'w/"3"', "'3'", ','])('%s is malformed', (header) => {
    expect(statusOf(header)).toBe(400);
  });

  test.each(['W/"3"', '"abc"', '"0"', '"03"', '""', '"3,4"'])('%s can never match', (header) => {
    expect(statusOf(header)).toBe(412);
  });
});

describe('If-None-Match', () => {
  test.each(['"3"', 'W/"3"', '"2", "3"', '*'])('%s has revision 3', (header) => {
    expect(isNotModified(header, 3)).toBe(true);
  });

  test.each([undefined, '"2"', '3', '', '"33"', '"3'])('%s does not have revision 3', (header) => {
    expect(isNotModified(header, 3)).toBe(false);
  });

  test('knows the tag that was given', () => {
    expect(isNotModified(entityTag(7), 7)).toBe(true);
  });
});
