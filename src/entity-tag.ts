/** The `ETag` of a resource: its revision, a strong validator (RFC 9110 section 8.8.3). */
export function entityTag(revision: number): string {
  return `"${revision}"`;
}
