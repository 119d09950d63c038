import { agreementSpecification } from './agreement-specification.js';
import { agreement } from './agreement.js';
import { billFormat } from './bill-format.js';
import { billPresentationMedia } from './bill-presentation-media.js';
import { billingAccount } from './billing-account.js';
import { billingCycleSpecification } from './billing-cycle-specification.js';
import type { ResourceDefinition } from './definition.js';
import { financialAccount } from './financial-account.js';
import { individual } from './individual.js';
import type { LifeCycle } from './life-cycle.js';
import { organization } from './organization.js';
import { partyAccount } from './party-account.js';
import { partyInteraction } from './party-interaction.js';
import { partyRole } from './party-role.js';
import { paymentMethod } from './payment-method.js';
import { settlementAccount } from './settlement-account.js';

/** Every resource that this service serves. */
const resources: readonly ResourceDefinition[] = [
  partyRole,
  individual,
  organization,
  partyAccount,
  billingAccount,
  settlementAccount,
  financialAccount,
  billFormat,
  billPresentationMedia,
  billingCycleSpecification,
  agreement,
  agreementSpecification,
  paymentMethod,
  partyInteraction,
];

export const resourceNames: readonly string[] = resources.map(({ name }) => name);

/** Those that have a state. */
export const statedNames: readonly string[] = resources.filter(({ statusAttribute }) => statusAttribute !== undefined).map(({ name }) => name);

/** Where they refer to each other: `partyRole.engagedParty`. */
export const referencePlaces: readonly string[] = resources.flatMap(({ name, references }) =>
  references.filter(({ schema }) => resources.some(({ referredBy }) => referredBy.includes(schema))).map(({ path }) => `${name}.${path.join('.')}`),
);

export interface DefinitionSettings {
  /** Whether a party role without roleType is answered with roleType {}. */
  readonly roleTypeDefault: boolean;
  /** By resource, in place of its own; undefined: none. */
  readonly lifeCycles: ReadonlyMap<string, LifeCycle | undefined>;
}

export function definitions({ roleTypeDefault, lifeCycles }: DefinitionSettings): ResourceDefinition[] {
  return resources.map((resource) => ({
    ...resource,
    ...(lifeCycles.has(resource.name) ? { lifeCycle: lifeCycles.get(resource.name) } : {}),
    ...(roleTypeDefault ? {} : { answerDefaults: withoutRoleType(resource.answerDefaults) }),
  }));
}

function withoutRoleType({ roleType: _, ...others }: ResourceDefinition['answerDefaults']): ResourceDefinition['answerDefaults'] {
  return others;
}
