import fc from 'fast-check';
import { forgetting, maskedBody } from '../../src/handlers/secret-bodies.js';
import { masked, maskedAlready, maskedDeep, unmasked, unmaskingOperation, withoutDropped } from '../../src/handlers/secrets.js';
import type { Json, JsonObject } from '../../src/json.js';
import { anyJson } from '../contract/any-json.js';

const secrets = { dropped: ['cvv'], masked: { cardNumber: 'lastFour', token: 'all' } } as const;
const CODE = '739';
const NUMBER = '4000123412345678';

const forgotten = (text: string | Buffer): string => Buffer.from(forgetting(Buffer.from(text), secrets)).toString();
const shown = (text: string | Buffer): string => Buffer.from(maskedBody(Buffer.from(text), secrets)).toString();
const json = (value: Json): string => JSON.stringify(value);
const base64 = (value: Json): string => Buffer.from(json(value)).toString('base64');
const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');

/** A text in all that it may have been written as. */
function isIn(text: string, part: string): boolean {
  const bytes = Buffer.from(text);
  return text.includes(part) || bytes.includes(utf16(part).subarray(2)) || [...text.matchAll(/[A-Za-z0-9+/]{8,}={0,2}/g)].some(([run]) => Buffer.from(run, 'base64').includes(part));
}

describe('what is forgotten on arrival', () => {
  it('is left out of JSON, at any depth, and nothing else changes', () => {
    const value = { a: 1, cvv: CODE, b: [{ cvv: 7, c: { cvv: { d: CODE } } }], cvvs: 'x', e: 'cvv' };
    expect(withoutDropped(value, secrets)).toEqual({ a: 1, b: [{ c: {} }], cvvs: 'x', e: 'cvv' });
    expect(forgotten(json(value))).toBe('{"a":1,"b":[{"c":{}}],"cvvs":"x","e":"cvv"}');
  });

  it('leaves the very same bytes where there is nothing of it', () => {
    for (const text of ['{ "a" : "\\u00e9\\u0063" }', '{"data_base64":"e30="}', '', 'cvv', '{"cvvs": 1', '\ufeff{"a": 1}']) {
      const body = Buffer.from(text);
      expect(forgetting(body, secrets)).toBe(body);
    }
    const value = { a: [1, 'cvv and more', { b: null }] };
    expect(withoutDropped(value, secrets)).toBe(value);
    expect(withoutDropped({ cvv: CODE }, { dropped: [] })).toEqual({ cvv: CODE });
  });

  it.each<[string, string | Buffer]>([
    ['an escaped name', `{"\\u0063v\\u0076":"${CODE}","a":1}`],
    ['a byte order mark', `\ufeff{"cvv":"${CODE}"}`],
    ['a structured event', json({ specversion: '1.0', data: { cvv: CODE } })],
    ['an event with its data in base64', json({ specversion: '1.0', data_base64: base64({ cvv: CODE }) })],
    ['base64 of a broken text', json({ data_base64: Buffer.from(`{"cvv":"${CODE}"`).toString('base64') })],
    ['data that is JSON as a text', json({ data: json({ cvv: CODE }) })],
    ['a text in a text in a text', json({ data: json({ data: json({ cvv: CODE }) }) })],
    ['a note', json({ description: `cvv: ${CODE}, paid` })],
    ['a broken text', `{"a":1,"cvv":"${CODE}",}`],
    ['one that ends too early', `{"a":1,"cvv":"${CODE}`],
    ['one with spaces and lines', `{"cvv" :\r\n\t"${CODE}" ,, }`],
    ['one with a number', `{"cvv":${CODE},}`],
    ['one with other quotes', `{'cvv':'${CODE}'}`],
    ['one without quotes', `{cvv: ${CODE}}`],
    ['one with escapes in the name', `{"c\\u0076v":"${CODE}",}`],
    ['one with escapes in the value', `{"cvv":"\\"${CODE}",}`],
    ['one with an object', `{"cvv":{"code":"${CODE}"},,}`],
    ['one within another', `{"data":"{\\"cvv\\":\\"${CODE}\\"}",}`],
    ['a form', `cardNumber=1&cvv=${CODE}&x=1`],
    ['XML', `<card><cvv>${CODE}</cvv></card>`],
    ['a broken event with its data in base64', `{"data_base64":"${base64({ cvv: CODE })}",}`],
    ['a broken JSON Patch', `[{"op":"add","path":"/cvv","value":"${CODE}"}`],
    ['a broken JSON Patch, the value first', `[{"value":"${CODE}","path":"/cvv","op":"add"},`],
    ['UTF-16', utf16(`{"cvv":"${CODE}"}`)],
    ['deeply nested JSON', `${'['.repeat(5_000)}{"cvv":"${CODE}"}${']'.repeat(5_000)}`],
    ['bytes that are no text', Buffer.concat([Buffer.from([0xff, 0xfe, 0x80]), Buffer.from(`{"cvv":"${CODE}"}`)])],
  ])('is not in %s', (_, body) => {
    expect(isIn(forgotten(body), CODE)).toBe(false);
  });

  it.each(['/cvv', '/a/cvv', "$['cvv']", '$["cvv"]', '$.cvv', "$['\\u0063vv']", 'cvv', 'a.cvv', '/cvv?a=1', `/a?cvv=${CODE}`, `$.a[?(@.cvv=='${CODE}')]`])('is not in an operation of a patch on %s', (path) => {
    const name = { op: 'replace', path: '/name', value: 'n' };
    for (const patch of [[name, { op: 'add', path, value: CODE }], [name, { op: 'test', path, value: CODE }], [name, { op: 'copy', from: path, path: '/x' }]]) {
      expect(JSON.parse(forgotten(json(patch)))).toEqual([name]);
      expect(JSON.parse(forgotten(json({ data: patch })))).toEqual({ data: [name] });
    }
  });

  it('is not in the value of an operation on something else', () => {
    expect(JSON.parse(forgotten(json([{ op: 'replace', path: '', value: { name: 'n', cvv: CODE } }])))).toEqual([{ op: 'replace', path: '', value: { name: 'n' } }]);
  });

  it('leaves the rest of a broken text as it was', () => {
    expect(forgotten(`{"name":"é","cvv":"${CODE}","cardNumber":"1",}`)).toBe('{"name":"é","cvv":"","cardNumber":"1",}');
  });

  it('is not in anything that JSON can be', () => {
    const secret = fc.constantFrom<Json>(CODE, { a: CODE }, [CODE]);
    const holding = fc.tuple(anyJson, secret, anyJson).map(([a, value, b]): Json => ({ a, b: [{ cvv: value, b }] }));
    const code = fc.string().filter((text) => !text.includes(CODE));
    fc.assert(
      fc.property(holding, code, (value, junk) => {
        for (const body of [json(value), `${json(value)}${junk}!`, json(value).slice(0, -2)]) {
          const before = json((value as { a: Json; b: { b: Json }[] }).a) + json((value as { b: { b: Json }[] }).b[0]?.b ?? null);
          if (!before.includes(CODE)) expect(forgotten(body).includes(CODE)).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, string]>([
    ['backslashes', `"cvv":"${'\\'.repeat(400_000)}`],
    ['quotes', `cvv${'"'.repeat(400_000)}`],
    ['names', 'cvv'.repeat(150_000)],
    ['names and colons', '"cvv":'.repeat(70_000)],
    ['escapes', '\\u0063'.repeat(70_000)],
    ['a long value', `{"cvv":"${'x'.repeat(500_000)}`],
    ['brackets', `"cvv"${'['.repeat(400_000)}`],
    ['brackets that JSON may have', `${'['.repeat(200_000)}"cvv"${']'.repeat(200_000)}`],
    ['spaces', `"cvv"${' '.repeat(400_000)}:`],
  ])('is looked for in one pass, however hostile: %s', (_, text) => {
    const started = Date.now();
    forgotten(text);
    shown(text.replaceAll('cvv', 'token'));
    expect(Date.now() - started).toBeLessThan(20_000);
  }, 60_000);
});

describe('what is masked', () => {
  it('shows the last four of what is long enough, or nothing', () => {
    const resource = { id: '1', cardNumber: NUMBER, token: 'abcdefgh' };
    expect(masked(resource, secrets)).toEqual({ id: '1', cardNumber: '************5678', token: '********' });
    expect(masked({ details: [{ cardNumber: NUMBER }] }, secrets)).toEqual({ details: [{ cardNumber: '************5678' }] });
    expect(masked({ cardNumber: '12345678901' }, secrets)).toEqual({ cardNumber: '***********' });
    expect(masked({ cardNumber: 4000123412345678, token: null }, secrets)).toEqual({ cardNumber: '****', token: null });
  });

  it('is masked once: a second time changes nothing, and without secrets it is the same', () => {
    const once = masked({ cardNumber: NUMBER, token: 'abc' }, secrets);
    expect(masked(once, secrets)).toEqual(once);
    const plain = { name: 'n' };
    expect([masked(plain, secrets), maskedDeep(plain, secrets)]).toEqual([plain, plain]);
    expect(masked(plain, secrets)).toBe(plain);
  });

  it('stands for itself when it comes back, and for nothing else', () => {
    const before = { cardNumber: NUMBER, token: 'abc' };
    const back = (after: JsonObject): JsonObject => unmasked(before, after, secrets);
    expect(back({ ...masked(before, secrets), name: 'n' })).toEqual({ ...before, name: 'n' });
    expect(back({ cardNumber: '************5679', token: 'new' })).toEqual({ cardNumber: '************5679', token: 'new' });
    expect(back({ token: '****' })).toEqual({ token: '****' });
    expect(unmasked({}, { token: '***' }, secrets)).toEqual({ token: '***' });
  });

  it('is no value of its own', () => {
    expect(maskedAlready({ cardNumber: '************1111', token: '********' }, secrets)).toEqual(['cardNumber', 'token']);
    expect(maskedAlready({ cardNumber: NUMBER, token: 'a*b', name: '****' }, secrets)).toEqual([]);
  });

  it('cannot be copied or moved to where it is not masked', () => {
    const [name, title] = [{ op: 'replace', path: '/name', value: 'n' }, { op: 'copy', from: '/name', path: '/title' }];
    expect(unmaskingOperation([name, { op: 'copy', from: '/cardNumber', path: '/nick' }], secrets)).toBe(1);
    expect(unmaskingOperation([{ op: 'move', from: "$['token']", path: '/nick' }], secrets)).toBe(0);
    expect(unmaskingOperation([{ op: 'copy', from: '$[?length(@)==16]', path: '/nick' }], secrets)).toBe(0);
    expect([unmaskingOperation([name, title], secrets), unmaskingOperation({ cardNumber: NUMBER }, secrets), unmaskingOperation([title], { masked: {} })]).toEqual([-1, -1, -1]);
  });

  it.each<[string, string | Buffer]>([
    ['a resource', json({ cardNumber: NUMBER })],
    ['a structured event', json({ data: { a: [{ cardNumber: NUMBER }] } })],
    ['base64', json({ data_base64: base64({ cardNumber: NUMBER }) })],
    ['a patch', json([{ op: 'replace', path: '/cardNumber', value: NUMBER }])],
    ['a patch with a condition', json([{ op: 'remove', path: `/a?cardNumber=${NUMBER}` }])],
    ['JSON as a text', json({ data: json({ cardNumber: NUMBER }) })],
    ['a broken text', `{"cardNumber": "${NUMBER}",}`],
    ['a broken patch', `[{"op":"add","path":"/cardNumber","value":"${NUMBER}"},`],
    ['a broken event', `{"data_base64":"${base64({ cardNumber: NUMBER })}",}`],
  ])('is not in the body of %s as anybody sees it', (_, body) => {
    expect(isIn(shown(body), NUMBER)).toBe(false);
  });

  it('is all that a body loses', () => {
    expect(shown(json({ type: 't', data: { name: 'n', cardNumber: NUMBER } }))).toBe('{"type":"t","data":{"name":"n","cardNumber":"************5678"}}');
    expect(shown(`{"name":"é","cardNumber":"${NUMBER}"`)).toBe('{"name":"é","cardNumber":"****"');
  });
});
