import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { selfSigned } from './certificate.js';
import { closeAll, openSender, startListener } from './local-listener.js';

const run = promisify(execFile);
const certificates = [selfSigned('127.0.0.1'), selfSigned('other.example')];

let folder: string;
let received = 0;
const servers = certificates.map((certificate) => createServer(certificate, (request, response) => void request.resume().on('end', () => response.end(String(++received)))));
const urlOf = (index: number): string => `https://127.0.0.1:${(servers[index]?.address() as AddressInfo).port}/`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-tls-'));
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))));
});

beforeEach(() => (received = 0));

afterEach(closeAll);

afterAll(async () => {
  for (const server of servers) server.close();
  await rm(folder, { recursive: true });
});

it('delivers nothing to a certificate that nobody vouches for', async () => {
  expect(await openSender().send({ callback: urlOf(0), headers: {}, body: '{}', id: 'e', signing: [] })).toEqual({ kind: 'failed', error: 'the TLS certificate is not trusted' });
  expect(received).toBe(0);
});

it('says that there is no TLS', async () => {
  const plain = await startListener((response) => response.end());
  expect(await openSender().send({ callback: plain.url.replace('http', 'https'), headers: {}, body: '{}', id: 'e', signing: [] })).toEqual({ kind: 'failed', error: 'no TLS connection can be made' });
});

// What is trusted is decided when a process starts.
it.each([
  [0, { kind: 'delivered' }, 1],
  [1, { kind: 'failed', error: 'the TLS certificate is for another host' }, 0],
])('delivers to a trusted certificate of the right host: server %d', async (index, outcome, deliveries) => {
  const authorities = join(folder, 'authorities.pem');
  await writeFile(authorities, certificates.map(({ cert }) => cert).join(''));
  const script = `
    const { openSender } = require(${JSON.stringify(join(__dirname, 'local-listener.js'))});
    const sender = openSender();
    sender.send({ callback: ${JSON.stringify(urlOf(index))}, headers: {}, body: '{}', id: 'e', signing: [] })
      .then((outcome) => console.log(JSON.stringify(outcome))).then(() => sender.close());`;
  const { stdout } = await run(process.execPath, ['-e', script], { env: { ...process.env, NODE_EXTRA_CA_CERTS: authorities } });
  expect(JSON.parse(stdout)).toEqual(outcome);
  expect(received).toBe(deliveries);
});
