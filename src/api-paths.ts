import type { Config } from './config.js';
import type { ResourceDefinition } from './handlers/definition.js';

/** `/tmf-api/partyRoleManagement/v4`: where the API of a resource lies below the base path of all. */
export function apiPath(basePath: string, { api, version }: Pick<ResourceDefinition, 'api' | 'version'>): string {
  return `${basePath}/${api}/${version}`;
}

/** `/tmf-api/partyRoleManagement/v4/schemas/PartyRole.json`: where a schema of a resource can be read. */
export function schemaPath(basePath: string, definition: Pick<ResourceDefinition, 'api' | 'version'>, schema: string): string {
  return `${apiPath(basePath, definition)}/schemas/${schema}.json`;
}

/** `https://crm.example.com/tmf-api/partyRoleManagement/v4`: the same with the public base URL, by the name of the API. */
export function apiAddresses({ publicUrl, basePath }: Pick<Config, 'publicUrl' | 'basePath'>, definitions: readonly ResourceDefinition[]): (api: string) => string {
  const paths = new Map(definitions.map((definition) => [definition.api, apiPath(basePath, definition)]));
  // What registered for an API that is not served any more is still shown.
  return (api) => publicUrl + (paths.get(api) ?? `${basePath}/${api}`);
}

/** `/tmf-api/customer360/v1/party`: where the views of customers are. */
export function customerViewPath(basePath: string): string {
  return `${basePath}/customer360/v1/party`;
}
