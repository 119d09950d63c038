import { roleBody } from './feed.js';

/** What is asked of both servers; the same bytes for both. */

export const OPERATIONS = ['POST', 'PATCH', 'GET', 'list'] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface HttpRequest {
  readonly method: 'POST' | 'PATCH' | 'GET';
  /** After the collection's address. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
}

/** So many roles share a name, and are in one filtered list. */
const NAMESAKES = 20;

/** The role `role-7` and so on that is there before anything is measured. */
export function storedRole(number: number, roles: number): Record<string, unknown> {
  return { ...roleBody(number), id: `role-${number}`, name: nameOf(number, roles) };
}

/** @param number different for each request. */
export function httpRequest(operation: Operation, number: number, roles: number): HttpRequest {
  // A prime step visits all roles, and neighbours in time are never the same role.
  const role = (number * 7919) % roles;
  switch (operation) {
    case 'POST':
      return { method: 'POST', path: '', contentType: 'application/json', body: JSON.stringify(roleBody(number)) };
    case 'PATCH': {
      const account = [{ id: `account-${number}`, name: 'Other account', '@referredType': 'PartyAccount' }];
      return { method: 'PATCH', path: `/role-${role}`, contentType: 'application/merge-patch+json', body: JSON.stringify({ description: `Changed for the ${number}-th time`, account }) };
    }
    case 'GET':
      return { method: 'GET', path: `/role-${role}` };
    case 'list':
      return { method: 'GET', path: `?name=${encodeURIComponent(nameOf(role, roles))}` };
  }
}

function nameOf(number: number, roles: number): string {
  return `Partner ${number % Math.ceil(roles / NAMESAKES)}`;
}
