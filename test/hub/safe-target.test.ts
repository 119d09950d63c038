import { AllowedTargets } from '../../src/hub/allowed-targets.js';
import { checkCallback, type TargetRules } from '../../src/hub/safe-target.js';

const rules = (allowed: readonly string[] = [], httpsOnly = false): TargetRules => ({ allowed: new AllowedTargets(allowed), httpsOnly });

const PRIVATE = [
  // The machine itself, in every writing.
  '127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001', '127.0.0.1.', '127%2e0.0.1', '①②⑦.⓪.⓪.①', '127。0。0。1',
  '0', '0.0.0.0', '0.1.2.3', '[::]', '[::1]', '[0:0:0:0:0:0:0:1]', 'localhost', 'LOCALHOST', 'localhost.', 'ｌｏｃａｌｈｏｓｔ', 'a.localhost', 'a.b.localhost.',
  // Private, shared, link-local and metadata.
  '10.0.0.1', '10.255.255.255', '0xa000001', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.257', '100.64.0.1', '100.127.255.255', '100.100.100.200',
  '169.254.169.254', '0xa9fea9fe', '2852039166', '169.254.1.1', '168.63.129.16', 'metadata.google.internal', 'Metadata.Google.Internal.',
  // Reserved, documentation, multicast, broadcast.
  '192.0.0.1', '192.0.0.192', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255',
  // IPv6 of its own.
  '[fe80::1]', '[febf::1]', '[fec0::1]', '[fc00::1]', '[fd12:3456:789a::1]', '[fd00:ec2::254]', '[ff02::1]', '[100::1]', '[2001::1]', '[2001:db8::1]', '[3fff::1]', '[4000::1]', '[5f00::1]',
  // IPv6 that leads to IPv4.
  '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:10.0.0.1]', '[::FFFF:169.254.169.254]', '[::127.0.0.1]', '[::ffff:0:127.0.0.1]', '[2002:7f00:1::]', '[2002:a00:1::1]', '[2002:c0a8:101:ffff::1]',
  '[64:ff9b::127.0.0.1]', '[64:ff9b::a00:1]', '[64:ff9b:1::808:808]',
];

it.each(PRIVATE)('refuses %s', (host) => {
  expect(checkCallback(`http://${host}:8080/listener`, rules())).toEqual({ status: 403, problem: expect.stringMatching(/^the target \S+ is not allowed$/) as string });
  expect(checkCallback(`https://${host}/listener?x=1`, rules())).toMatchObject({ status: 403 });
});

const PUBLIC = [
  'example.com', 'EXAMPLE.com.', 'no-such-host.invalid', 'localhost.example.com', 'notlocalhost', 'metadata.google.internal.example.com', 'bücher.example',
  '8.8.8.8', '134744072', '0x08.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.1', '169.253.255.255', '169.255.0.0',
  '172.15.255.255', '172.32.0.0', '192.0.1.1', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255', '168.63.129.15',
  '[2606:4700:4700::1111]', '[2a00:1450:4001:80e::200e]', '[2001:200::1]', '[::ffff:8.8.8.8]', '[2002:808:808::1]', '[64:ff9b::808:808]',
];

it.each(PUBLIC)('accepts %s', (host) => {
  expect(checkCallback(`http://${host}:8080/listener`, rules())).toEqual({ ok: true });
  expect(checkCallback(`HTTPS://${host}/listener?x=1&y=%20`, rules([], true))).toEqual({ ok: true });
});

it.each([
  ['', 'must be an absolute'],
  ['/listener', 'must be an absolute'],
  ['example.com/listener', 'must be an absolute'],
  ['//example.com/listener', 'must be an absolute'],
  ['ftp://example.com/listener', 'must be an absolute'],
  ['file:///etc/passwd', 'must be an absolute'],
  ['http:example.com', 'must be an absolute'],
  ['http:/example.com', 'must be an absolute'],
  ['http:///example.com', 'must be an absolute'],
  ['http:\\\\example.com', 'must be an absolute'],
  ['http://example.com\\listener', 'must be an absolute'],
  ['http://exa\nmple.com/', 'must be an absolute'],
  [' http://example.com/', 'must be an absolute'],
  ['http://example.com/ ', 'must be an absolute'],
  ['http://', 'must be an absolute'],
  ['http://?x', 'must be an absolute'],
  ['http://exa mple.com/', 'must be an absolute'],
  ['http://256.0.0.1/', 'must be an absolute'],
  ['http://0x100000000/', 'must be an absolute'],
  ['http://[fe80::1%25eth0]/', 'must be an absolute'],
  ['http://example.com:65536/', 'must be an absolute'],
  ['http://user:password@example.com/', 'must not have a user name'],
  ['http://user@127.0.0.1/', 'must not have a user name'],
  ['http://:password@example.com/', 'must not have a user name'],
  ['http://example.com/#part', 'must not have a fragment'],
  ['http://example.com/#', 'must not have a fragment'],
  [`http://example.com/${'x'.repeat(1_982)}`, 'must not have more than 2000'],
])('takes %s for no callback', (callback, problem) => {
  const verdict = checkCallback(callback, rules());
  expect(verdict).toEqual({ status: 400, problem: expect.stringContaining(problem) as string });
  expect(JSON.stringify(verdict)).not.toContain('password@');
});

it.each(['/a/../b', '/a/./b', '/..', '/%2e%2E/b', '/a/.%2e', '/ü', '/a?x=ü', '/a"b', '/a?x="b"', "/a?x='b'", '/a?', '?', '/<a>'])('does not take what would be sent otherwise: %s', (rest) => {
  for (const host of ['http://example.com', 'https://example.com:8443']) {
    expect([rest, checkCallback(host + rest, rules())]).toEqual([rest, { status: 400, problem: expect.stringContaining('as they are sent') as string }]);
  }
});

it.each(['', '/', '?x=1', '/a/b.c/..d/...', '/a//b/', "/%C3%BC/%2F%20?x=%22&y=%27&z=/../?", "/a;b=c,d@e:f!$&'()*+=~_-|", '/%zz'])('takes what is sent as it is given: %s', (rest) => {
  for (const host of ['http://Example.com', 'HTTPS://bücher.example:443']) expect([rest, checkCallback(host + rest, rules())]).toEqual([rest, { ok: true }]);
});

it('accepts 2000 characters', () => {
  expect(checkCallback(`http://example.com/${'x'.repeat(1_981)}`, rules())).toEqual({ ok: true });
});

it('wants https where that is the rule, of allowed targets, too', () => {
  expect(checkCallback('http://example.com/', rules([], true))).toEqual({ status: 403, problem: 'must be https' });
  expect(checkCallback('http://10.1.2.3/', rules(['10.1.2.3'], true))).toEqual({ status: 403, problem: 'must be https' });
  expect(checkCallback('https://10.1.2.3/', rules(['10.1.2.3'], true))).toEqual({ ok: true });
});

it('lets through what an operator allows, and nothing beside it', () => {
  const some = rules(['10.1.0.0/16', '127.0.0.1', 'fd12::/16', 'LocalHost', 'listener.internal']);
  for (const host of ['10.1.0.1', '10.1.255.255', '0xa010001', '[::ffff:10.1.2.3]', '[64:ff9b::a01:203]', '[2002:a01:203::1]', '127.1', '[fd12::1]', 'localhost', 'localhost.', 'listener.internal']) {
    expect([host, checkCallback(`http://${host}/`, some)]).toEqual([host, { ok: true }]);
  }
  for (const host of ['10.2.0.1', '[::ffff:10.2.0.1]', '127.0.0.2', '[fd13::1]', 'a.localhost', '169.254.169.254', 'metadata.google.internal', '[::1]']) {
    expect([host, checkCallback(`http://${host}/`, some)]).toMatchObject([host, { status: 403 }]);
  }
});
