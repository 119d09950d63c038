/** Of JSON Schema. */
export const RESOURCE_ID_PATTERN = '^[A-Za-z0-9._~:@-]{1,128}$';
const RESOURCE_ID = new RegExp(RESOURCE_ID_PATTERN);

/** What an id must be, for the texts of errors. */
export const RESOURCE_ID_RULE = 'must be 1 to 128 characters of A-Z a-z 0-9 . _ ~ : @ -';

/** Whether a resource with this id can exist. */
export function isResourceId(text: string): boolean {
  return RESOURCE_ID.test(text);
}
