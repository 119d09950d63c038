import { freePort } from '../support/ports.js';
import { until } from '../support/service.js';
import { run, type Running, type Setting } from './process.js';

const PATH = '/tmf-api/partyRoleManagement/v4/partyRole';
const START_MS = 30_000;

/** The service with its REST adapter and worker in one process, ready; `url` is the collection of roles. */
export async function serve(setting: Setting): Promise<{ readonly url: string; readonly process: Running }> {
  const port = await freePort();
  const process = run('worker', setting, { ROLES: 'http,worker', PORT: String(port) });
  await until('the service is ready', () => isOk(`http://127.0.0.1:${port}/health/ready`), START_MS);
  return { url: `http://127.0.0.1:${port}${PATH}`, process };
}

/** Whether something answers there, and well. */
export async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
