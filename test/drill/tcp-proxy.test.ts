import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { until } from '../support/service.js';
import { TcpProxy } from './tcp-proxy.js';

let server: Server;
let proxy: TcpProxy;
const accepted = new Set<Socket>();
const received: Buffer[] = [];

beforeEach(async () => {
  received.length = 0;
  server = createServer((socket) => {
    accepted.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      received.push(bytes);
      socket.write(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  proxy = await TcpProxy.start(`tcp://127.0.0.1:${address.port}`);
});

afterEach(async () => {
  await proxy.close();
  for (const socket of accepted) socket.destroy();
  server.close();
});

async function connected(): Promise<{ socket: Socket; echoed: () => string }> {
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await once(socket, 'connect');
  return { socket, echoed: () => text };
}

it('passes everything on, both ways', async () => {
  const { socket, echoed } = await connected();
  socket.write('there and back');
  await until('it is back', () => echoed() === 'there and back');
  socket.end();
  await once(socket, 'close');
});

it('hangs: what is on its way comes when it is healed, also on connections that were opened meanwhile', async () => {
  const before = await connected();
  before.socket.write('1');
  await until('it is back', () => before.echoed() === '1');
  await proxy.hang();
  const during = await connected();
  before.socket.write('2');
  during.socket.write('3');
  // Nothing tells that nothing happens; a proxy that does not hang answers within milliseconds.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([before.echoed(), during.echoed(), received.length]).toEqual(['1', '', 1]);
  await proxy.heal();
  await until('all is back', () => before.echoed() === '12' && during.echoed() === '3');
});

it('refuses: ends what is open, takes nothing new until it is healed', async () => {
  const { socket } = await connected();
  const closed = once(socket, 'close');
  await proxy.refuse();
  await closed;
  await expect(connected()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.heal();
  await connected();
});

it('resets in the middle of what is sent, and leaves new connections alone', async () => {
  const { socket } = await connected();
  const closed = once(socket, 'close');
  await proxy.reset();
  socket.write('abcdef');
  await expect(closed).rejects.toMatchObject({ code: 'ECONNRESET' });
  await until('half of it has arrived', () => Buffer.concat(received).toString() === 'abc');
  const next = await connected();
  next.socket.write('whole');
  await until('it is back', () => next.echoed() === 'whole');
});
