import type { ResourceDefinition } from './handlers/definition.js';

/** `/tmf-api/partyRoleManagement/v4`: where the API of a resource lies below the base path of all. */
export function apiPath(basePath: string, { api, version }: Pick<ResourceDefinition, 'api' | 'version'>): string {
  return `${basePath}/${api}/${version}`;
}

/** `/tmf-api/customer360/v1/party`: where the views of customers are. */
export function customerViewPath(basePath: string): string {
  return `${basePath}/customer360/v1/party`;
}
