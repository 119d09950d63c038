/** The operators of TMF630 part 1, section "Query resources with attribute filtering", plus `in` and `nin`. */
export type Operator = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'nin' | 'regex';

/** One condition of a list query; several are joined by AND. */
export interface Condition {
  /** Attribute names from the resource downwards; arrays are passed through. */
  readonly path: readonly string[];
  readonly operator: Operator;
  /** As text; alternatives are joined by OR (for `ne` and `nin`: none of them). */
  readonly values: readonly string[];
}

export interface SortKey {
  readonly path: readonly string[];
  readonly descending: boolean;
}

export interface Query {
  readonly where: readonly Condition[];
  readonly sort: readonly SortKey[];
  readonly offset: number;
  readonly limit: number;
}
