const RESOURCE_ID = /^[A-Za-z0-9._~:@-]{1,128}$/;

/** Whether a resource with this id can exist. */
export function isResourceId(text: string): boolean {
  return RESOURCE_ID.test(text);
}
