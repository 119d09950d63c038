const SHOWN_OF_A_KIND = 20;

/** Collects what is wrong, by kind; of a kind that fills pages only the first lines are kept. */
export class Findings {
  private readonly byKind = new Map<string, { readonly lines: string[]; count: number }>();

  add(kind: string, line: string): void {
    const found = this.byKind.get(kind) ?? { lines: [], count: 0 };
    this.byKind.set(kind, found);
    found.count += 1;
    if (found.lines.length < SHOWN_OF_A_KIND) found.lines.push(`${kind}: ${line}`);
  }

  lines(): string[] {
    return [...this.byKind].flatMap(([kind, { lines, count }]) => (count > lines.length ? [...lines, `${kind}: and ${count - lines.length} more`] : lines));
  }
}

/** Adds up by name. */
export class Tally {
  private readonly numbers = new Map<string, number>();

  add(name: string, by = 1): void {
    this.numbers.set(name, (this.numbers.get(name) ?? 0) + by);
  }

  asObject(): Record<string, number> {
    return Object.fromEntries(this.numbers);
  }
}
