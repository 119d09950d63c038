/** `partyRole` → `PartyRole` */
export function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** `PartyRole` → `partyRole` */
export function uncapitalized(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** `bankCard` in the enumeration of a specification, `BankCard` as the name of its schema. */
export function inBothCases(name: string): string[] {
  return [uncapitalized(name), capitalized(name)];
}
