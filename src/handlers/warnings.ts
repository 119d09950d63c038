/** Proxies cut longer headers. */
const MAX_CHARACTERS = 200;

/** The header `Warning` (RFC 7234, section 5.5; code 299, "Miscellaneous Persistent Warning", as 1xx are for caches), empty when there is nothing to say. */
export function warningHeader(warnings: readonly string[]): Record<string, string> {
  if (warnings.length === 0) return {};
  return { Warning: warnings.map((text) => `299 - "${quotable(text)}"`).join(', ') };
}

function quotable(text: string): string {
  return text.slice(0, MAX_CHARACTERS).replace(/[^\x20-\x7e]|["\\]/g, '?');
}
