/** Larger than a buffer, or nested deeper than the stack. By name: one from another realm is no instance of this one's class. */
export function isRangeError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'RangeError';
}
