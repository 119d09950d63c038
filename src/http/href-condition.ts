import type { NamedCondition } from '../query/filter-parameter.js';
import { badParameter } from '../query/parameter.js';
import type { SortKey } from '../store/query.js';

/** No resource has this id. */
const NO_ID = '';

/**
 * `href` is computed, not stored: a condition on it becomes one on `id`.
 * @param hrefPrefix what comes before the id in this resource type's hrefs.
 * @throws Refusal 400 for a comparison by order or pattern.
 */
export function onStoredAttribute(condition: NamedCondition, hrefPrefix: string): NamedCondition {
  if (!isHref(condition.path)) return condition;
  switch (condition.operator) {
    case 'eq':
    case 'in':
    case 'ne':
    case 'nin':
      return { ...condition, path: ['id'], values: condition.values.map((href) => idOf(href, hrefPrefix)) };
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
    case 'regex':
      throw badParameter(condition.parameter, 'href can be compared by eq, ne, in and nin only');
  }
}

/** Hrefs differ in nothing but their ids, so they sort as these. */
export function sortedByStoredAttribute(key: SortKey): SortKey {
  return isHref(key.path) ? { ...key, path: ['id'] } : key;
}

function isHref(path: readonly string[]): boolean {
  return path.length === 1 && path[0] === 'href';
}

function idOf(href: string, prefix: string): string {
  return href.startsWith(prefix) ? href.slice(prefix.length) : NO_ID;
}
