/** Proxies cut longer headers. */
const MAX_CHARACTERS = 200;

/** The header `Warning` (RFC 7234, section 5.5; code 199, "Miscellaneous Warning"), empty when there is nothing to say. */
export function warningHeader(warnings: readonly string[]): Record<string, string> {
  if (warnings.length === 0) return {};
  return { Warning: warnings.map((text) => `199 - "${quotable(text)}"`).join(', ') };
}

function quotable(text: string): string {
  return text.slice(0, MAX_CHARACTERS).replace(/[^\x20-\x7e]|["\\]/g, '?');
}
