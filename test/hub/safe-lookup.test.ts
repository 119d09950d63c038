import type { LookupAddress, LookupOptions } from 'node:dns';
import { AllowedTargets } from '../../src/hub/allowed-targets.js';
import type { Resolve } from '../../src/hub/name-resolver.js';
import { safeLookup } from '../../src/hub/safe-lookup.js';
import { RefusedTarget } from '../../src/hub/safe-target.js';

const PUBLIC = { address: '8.8.8.8', family: 4 };
const PUBLIC_6 = { address: '2606:4700:4700::1111', family: 6 };
const always = (...addresses: LookupAddress[]): Resolve => () => Promise.resolve(addresses);

function look(host: string, resolve: Resolve, allowed: readonly string[] = [], options: LookupOptions = { all: true }): Promise<unknown> {
  return new Promise((done, failed) => {
    safeLookup(new AllowedTargets(allowed), resolve)(host, options, (error, address, family) => (error === null ? done(options.all === true ? address : [address, family]) : failed(error)));
  });
}

it('hands over exactly what was resolved, all of it or the first', async () => {
  expect(await look('example.com', always(PUBLIC, PUBLIC_6))).toEqual([PUBLIC, PUBLIC_6]);
  expect(await look('example.com', always(PUBLIC, PUBLIC_6), [], {})).toEqual(['8.8.8.8', 4]);
});

it.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '::ffff:127.0.0.1', 'fe80::1', 'fe80::1%eth0', '64:ff9b::7f00:1', 'fd00:ec2::254', '0.0.0.0', 'nonsense', ''])('refuses a name that leads to %s, alone or among others', async (address) => {
  const bad = { address, family: address.includes(':') ? 6 : 4 };
  for (const addresses of [[bad], [PUBLIC, bad], [bad, PUBLIC]]) {
    const refusal = look('Example.com.', always(...addresses));
    await expect(refusal).rejects.toBeInstanceOf(RefusedTarget);
    await expect(refusal).rejects.toMatchObject({ message: 'the target example.com is not allowed', address });
  }
});

it('asks for each connection anew: an answer that turns private is refused', async () => {
  const answers = [PUBLIC, { address: '127.0.0.1', family: 4 }];
  const resolve: Resolve = () => Promise.resolve(answers.splice(0, 1));
  expect(await look('rebinding.example', resolve)).toEqual([PUBLIC]);
  await expect(look('rebinding.example', resolve)).rejects.toBeInstanceOf(RefusedTarget);
});

it('lets allowed addresses through, and whatever an allowed name leads to', async () => {
  const inner = { address: '10.1.2.3', family: 4 };
  expect(await look('example.com', always(inner), ['10.1.0.0/16'])).toEqual([inner]);
  expect(await look('Listener.Internal.', always(inner), ['listener.internal'])).toEqual([inner]);
  await expect(look('other.internal', always(inner), ['listener.internal'])).rejects.toBeInstanceOf(RefusedTarget);
});

it('passes on why a name does not resolve', async () => {
  await expect(look('example.com', always())).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await expect(look('example.com', () => Promise.reject(Object.assign(new Error('queryA'), { code: 'EAI_AGAIN' })))).rejects.toMatchObject({ code: 'EAI_AGAIN' });
});
