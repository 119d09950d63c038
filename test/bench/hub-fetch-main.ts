/** A process of its own that calls a listener with `fetch` and nothing else: what a delivery must cost. */

/** To it: post each of the bodies to each of the callbacks, so many at a time to each. */
export interface Post {
  readonly callbacks: readonly string[];
  readonly bodies: readonly string[];
  readonly atOnce: number;
}

process.on('message', ({ callbacks, bodies, atOnce }: Post) => {
  void Promise.all(callbacks.map((callback) => postAll(callback, bodies, atOnce)));
});
process.on('disconnect', () => process.exit());

async function postAll(callback: string, bodies: readonly string[], atOnce: number): Promise<void> {
  const left = bodies.values();
  const work = async (): Promise<void> => {
    for (const body of left) {
      const response = await fetch(callback, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
