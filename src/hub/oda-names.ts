/** Ends of event types, TMF630 as it is and as listeners of the ODA Canvas know it. */
const NAMES: readonly (readonly [string, string])[] = [
  ['AttributeValueChangeEvent', 'AttributeValueChangeNotification'],
  ['StateChangeEvent', 'StateChangeNotification'],
  ['StatusChangeEvent', 'StateChangeNotification'],
  ['CreateEvent', 'CreationNotification'],
  ['DeleteEvent', 'RemoveNotification'],
];

/** The older name of an event type; one that has none is as it is. */
export function odaName(eventType: string): string {
  const found = NAMES.find(([end]) => eventType.endsWith(end));
  return found === undefined ? eventType : eventType.slice(0, -found[0].length) + found[1];
}
