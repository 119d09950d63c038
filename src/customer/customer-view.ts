import type { ViewPart } from '../handlers/definition.js';
import type { Representation } from '../handlers/representation.js';
import { isObject, withoutUndefined, type JsonObject } from '../json.js';
import type { Customer, Related } from './customers.js';
import type { TimelinePage } from './timeline.js';

/** So many interactions are shown beside the timeline. */
const LATEST = 20;

/** What profiles and roles have of these, by the names that their specifications give it. */
const CONTACT_MEDIA = ['contactMedium'];
const CHARACTERISTICS = ['partyCharacteristic', 'characteristic'];

/** Which part of the view its lists are. */
export const VIEW_LISTS = {
  accounts: 'account',
  agreements: 'agreement',
  paymentMethods: 'paymentMethod',
  interactions: 'interaction',
} as const satisfies Readonly<Record<string, ViewPart>>;

/** The answer: everything about a customer at a glance. @param href its address */
export function customerView(customer: Customer, timeline: TimelinePage | undefined, href: string, representation: Representation): JsonObject {
  const { id, profile, roles, others, incomplete } = customer;
  const show = (related: Related): JsonObject => shown(related, representation);
  const part = (wanted: ViewPart): Related[] => others.filter(({ definition }) => definition.viewPart === wanted);
  const media = collected(customer, CONTACT_MEDIA);
  const view = {
    id,
    href,
    profile: profile && show(profile),
    roles: roles.map(show),
    accounts: part(VIEW_LISTS.accounts).map(show),
    agreements: part(VIEW_LISTS.agreements).map(show),
    contactMedium: [...media.filter(isPreferred), ...media.filter((medium) => !isPreferred(medium))],
    characteristic: collected(customer, CHARACTERISTICS),
    paymentMethods: part(VIEW_LISTS.paymentMethods).map(show),
    interactions: part(VIEW_LISTS.interactions).slice(0, LATEST).map(show),
    timeline: timeline?.entries.map((entry) => entry.view),
    incomplete: incomplete.length === 0 ? undefined : incomplete.map(({ typeName }) => typeName),
  };
  return withoutUndefined(view) as JsonObject;
}

/** A resource as lists show it, with its state whatever it is called there. */
function shown({ definition, stored }: Related, representation: Representation): JsonObject {
  const { id, revision, at, resource } = stored;
  const represented = representation.seen(definition, resource);
  const state = definition.statusAttribute === undefined ? undefined : resource[definition.statusAttribute];
  return withoutUndefined({ type: definition.typeName, id, state, revision, at: at?.toISOString(), resource: represented }) as JsonObject;
}

/** From the profile and the roles, each with where it is from. */
function collected({ profile, roles }: Customer, names: readonly string[]): JsonObject[] {
  return [...(profile ? [profile] : []), ...roles].flatMap(({ definition, stored }) => {
    const origin = { type: definition.typeName, id: stored.id };
    const elements = names.flatMap((name) => {
      const value = stored.resource[name];
      return Array.isArray(value) ? value.filter(isObject) : [];
    });
    return elements.map((element) => ({ ...element, origin }));
  });
}

function isPreferred({ preferred }: JsonObject): boolean {
  return preferred === true;
}
