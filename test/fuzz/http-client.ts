import { connect } from 'node:net';

/** What came back over one connection. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const PATIENCE_MS = 10_000;

/**
 * Sends bytes over a connection of their own; undefined when it is closed without an answer.
 * @param endAfter whether the connection is half-closed after the last byte, so that the server knows that nothing more comes.
 * @throws Error when nothing happens.
 */
export function exchange(port: number, bytes: Buffer, endAfter: boolean): Promise<RawAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: endAfter }, () => (endAfter ? socket.end(bytes) : socket.write(bytes)));
    socket.setTimeout(PATIENCE_MS, () => {
      socket.destroy();
      reject(new Error(`no answer and no end within ${PATIENCE_MS} ms`));
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(parsed(Buffer.concat(chunks).toString('utf8'))));
  });
}

function parsed(text: string): RawAnswer | undefined {
  const [, status, head = '', body = ''] = /^HTTP\/1\.1 (\d{3}) [^\r]*\r\n((?:[^\r]+\r\n)*)\r\n(.*)$/s.exec(text) ?? [];
  if (status === undefined) return undefined;
  // An interim answer comes before the one that counts.
  if (status === '100') return parsed(body);
  const headers = head.split('\r\n').filter((line) => line !== '').map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(status), headers: new Map(headers), body };
}
