import './global-setup.js';

export default async function stopShared(): Promise<void> {
  await Promise.all((globalThis.sharedServers ?? []).map((server) => server.stop()));
}
