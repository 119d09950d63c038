import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A process of its own that answers every POST with 204, and tells how long so many took, from the first to the last. */

/** To it: count these from now on. */
export interface Expect {
  readonly deliveries: number;
}

/** From it: where it listens, then once for each `Expect` that so many came. */
export type Told = { readonly port: number } | { readonly ms: number };

let wanted = 0;
let seen = 0;
let first = 0;

const server = createServer((request, response) => {
  request.resume().once('end', () => {
    response.writeHead(204).end();
    if (seen === 0) first = performance.now();
    seen += 1;
    if (seen === wanted) tell({ ms: performance.now() - first });
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => tell({ port: (server.address() as AddressInfo).port }));

process.on('message', ({ deliveries }: Expect) => {
  wanted = deliveries;
  seen = 0;
});
process.on('disconnect', () => process.exit());

function tell(message: Told): void {
  process.send?.(message);
}
