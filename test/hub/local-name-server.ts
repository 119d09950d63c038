import { createSocket } from 'node:dgram';

/** Addresses of the family that was asked for; `silent`: nothing is sent. */
export type NameAnswer = readonly string[] | 'silent' | 'no such name' | 'failure';

/** A name server of this machine. */
export interface LocalNameServer {
  /** As resolvers take it: address and port. */
  readonly address: string;
  /** `A listener.test`, in the order in which they came. */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
}

const HEADER_BYTES = 12;
const RECORD_TYPES = { A: 1, AAAA: 28 } as const;
const CODES = { 'no such name': 3, failure: 2 } as const;

/** Answers over UDP (RFC 1035, section 4). */
export async function startNameServer(answer: (name: string, type: 'A' | 'AAAA') => NameAnswer): Promise<LocalNameServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (message, { address, port }) => {
    const { name, type, end } = questionIn(message);
    asked.push(`${type} ${name}`);
    const given = answer(name, type);
    if (given === 'silent') return;
    const addresses = typeof given === 'string' ? [] : given;
    const header = Buffer.alloc(HEADER_BYTES);
    message.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | (typeof given === 'string' ? CODES[given] : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(addresses.length, 6);
    socket.send(Buffer.concat([header, message.subarray(HEADER_BYTES, end), ...addresses.map((one) => recordOf(type, one))]), port, address);
  });
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  return { address: `127.0.0.1:${socket.address().port}`, asked, close: () => new Promise((done) => socket.close(() => done())) };
}

function questionIn(message: Buffer): { readonly name: string; readonly type: 'A' | 'AAAA'; readonly end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), type: message.readUInt16BE(at + 1) === RECORD_TYPES.A ? 'A' : 'AAAA', end: at + 5 };
}

/** With a time to live that nobody is to make use of. */
function recordOf(type: 'A' | 'AAAA', address: string): Buffer {
  const bytes = type === 'A' ? Buffer.from(address.split('.').map(Number)) : Buffer.from(address.split(':').map((group) => group.padStart(4, '0')).join(''), 'hex');
  const head = Buffer.from([0xc0, HEADER_BYTES, 0, RECORD_TYPES[type], 0, 1, 0, 0, 0x0e, 0x10, 0, bytes.length]);
  return Buffer.concat([head, bytes]);
}
