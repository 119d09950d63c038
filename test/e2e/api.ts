import { checkedFetch } from '../support/checked-fetch.js';

/** Plain requests to the party role API of one service, or another. Each exchange is held against its contract. */
export class Api {
  constructor(
    private readonly base: string,
    private readonly path = '/tmf-api/partyRoleManagement/v4/partyRole',
  ) {}

  get(suffix = '', headers: Record<string, string> = {}): Promise<Response> {
    return checkedFetch(this.base, this.path + suffix, { method: 'GET', headers });
  }

  post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.write('POST', '', body, headers);
  }

  patch(id: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.write('PATCH', `/${id}`, body, headers);
  }

  delete(id: string, headers: Record<string, string> = {}): Promise<Response> {
    return checkedFetch(this.base, `${this.path}/${id}`, { method: 'DELETE', headers });
  }

  private write(method: string, suffix: string, body: unknown, headers: Record<string, string>): Promise<Response> {
    return checkedFetch(this.base, this.path + suffix, { method, headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });
  }
}

export async function json(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>;
}

export async function list(response: Response): Promise<Record<string, unknown>[]> {
  return (await response.json()) as Record<string, unknown>[];
}
