import { AllowedTargets, isTarget } from '../../src/hub/allowed-targets.js';
import { checkCallback } from '../../src/hub/safe-target.js';

it.each(['listener', 'listener.internal', 'LISTENER.Internal', 'my_service', 'my_service-1.my_stack', 'a1.b2', '1.example', '127.0.0.1.example', 'xn--bcher-kva.example', '127.0.0.1', '::1'])('%s is a target, and is let through', (entry) => {
  expect(isTarget(entry)).toBe(true);
  const host = entry.includes(':') ? `[${entry}]` : entry;
  expect(checkCallback(`http://${host}:8080/x`, { allowed: new AllowedTargets([entry]), httpsOnly: false })).toEqual({ ok: true });
});

it.each(['10.1.0.0/16', '10.1.2.3/32', '0.0.0.0/0', 'fd12::/16', '::/0', '::1/128'])('%s is a network', (entry) => {
  expect(isTarget(entry)).toBe(true);
});

// Each would never match: the URL parser makes an address of it, or refuses it.
it.each(['10.1', '127.1', '1', '0', '0x7f.1', '0x7f000001', '0177.0.0.1', 'a.1', 'a.0x1', '10.0.0.256', '1.2.3.4.5', 'xn--'])('%s is neither a name nor an address', (entry) => {
  expect(isTarget(entry)).toBe(false);
});

it.each(['', '*', '*.internal', 'a..b', '.a', 'a.', '-a', 'a-', 'a b', 'bücher.example', 'a:8080', '10.0.0.1:8080', 'http://a', '[::1]', 'fe80::1%eth0', 'fe80::1%eth0/64', '10.1.0.0/', '10.1.0.0/33', '10.1.0.0/8/8', 'fd12::/129', 'a/8', '10.1.0.0/-1', '10.1/16'])(
  '%j is no target',
  (entry) => {
    expect(isTarget(entry)).toBe(false);
  },
);
