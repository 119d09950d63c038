import { type NamedCondition, parseFilter, type ScalarTypeOf } from './filter-parameter.js';
import { badParameter } from './parameter.js';
import { checkPatterns } from './pattern.js';

const MAX_CONDITIONS = 50;
const MAX_VALUES = 200;

/**
 * Raw filter parameters, as `parseFilter` reads them, to be joined by AND. The same attribute and operator again adds alternatives (OR).
 * @throws Refusal 400 that names the parameter.
 */
export function parseConditions(filters: readonly string[], scalarType: ScalarTypeOf): NamedCondition[] {
  const conditions = merged(filters.map((raw) => parseFilter(raw, scalarType)));
  checkPatterns(conditions.filter(({ operator }) => operator === 'regex'));
  return conditions;
}

function merged(conditions: readonly NamedCondition[]): NamedCondition[] {
  const byTarget = new Map<string, NamedCondition>();
  for (const condition of conditions) {
    const target = [condition.operator, ...condition.path].join('.');
    const present = byTarget.get(target);
    byTarget.set(target, present ? { ...present, values: [...present.values, ...condition.values] } : condition);
  }
  const distinct = [...byTarget.values()];
  if (distinct.length > MAX_CONDITIONS) throw badParameter(distinct[MAX_CONDITIONS]?.parameter ?? '', `is one of more than ${MAX_CONDITIONS} conditions`);
  const crowded = distinct.find((condition) => condition.values.length > MAX_VALUES);
  if (crowded) throw badParameter(crowded.parameter, `has more than ${MAX_VALUES} values`);
  return distinct;
}
