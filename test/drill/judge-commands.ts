import type { Findings, Tally } from './findings.js';
import { grouped } from './grouping.js';
import { commandHash, contentKey, type SentCommand } from './journal.js';
import { sameJson } from './json-patching.js';
import { isRefusal, RoleModel, type Prediction } from './model.js';
import type { LoggedEntry, StoredRole, World } from './world.js';

/** Set aside since whoever tried it died, twice: then it counts as dealt with and the model passes over it. */
const CRASHED = 'crashed';
const REFUSED = 'refused';

/** Every command was dealt with once and rightly, and each role is what its commands make of it. */
export function judgeCommands(commands: readonly SentCommand[], world: World, findings: Findings, tally: Tally): void {
  const receipts = grouped(world.entries, ({ command }) => command ?? '');
  const parked = parkedByContent(world);
  const roles = grouped(commands, ({ role }) => role);
  for (const [role, ofRole] of roles) new RoleJudge(role, world.roles.get(role), receipts, parked, findings, tally).judge(ofRole);
  for (const id of world.roles.keys()) if (!roles.has(id)) findings.add('stray role', `${id} is no role of the load`);
  judgeStrays(commands, world, findings, tally);
}

type ParkedByContent = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** How often each content was parked, by reason. */
function parkedByContent(world: World): ParkedByContent {
  const parked = new Map<string, Map<string, number>>();
  for (const { content = '', reason } of world.parked) {
    const reasons = parked.get(content) ?? new Map<string, number>();
    parked.set(content, reasons.set(reason, (reasons.get(reason) ?? 0) + 1));
  }
  return parked;
}

class RoleJudge {
  private readonly model: RoleModel;
  private readonly claimed = new Set<string>();
  /** Differs from the model already: what follows from that is not told again. */
  private astray = false;
  /** Nobody can know in which order its commands were applied. */
  private unclear = false;

  constructor(
    private readonly role: string,
    private readonly stored: StoredRole | undefined,
    private readonly receipts: ReadonlyMap<string, readonly LoggedEntry[]>,
    private readonly parked: ParkedByContent,
    private readonly findings: Findings,
    private readonly tally: Tally,
  ) {
    this.model = new RoleModel(role);
  }

  judge(commands: readonly SentCommand[]): void {
    this.tally.add('roles');
    for (const command of commands) this.judgeOne(command);
    if (this.unclear) this.tally.add('roles not compared');
    else this.compareRole();
  }

  private judgeOne(command: SentCommand): void {
    const hash = commandHash(command.source, command.id);
    const receipts = this.receipts.get(hash) ?? [];
    const [receipt] = receipts;
    const crashed = this.timesParked(command, CRASHED) > 0;
    if (this.claimed.has(hash)) return this.judgeReused(command, crashed);
    if (crashed) {
      this.tally.add('commands passed over as crashed');
      if (!receipt) return;
      // A later copy was applied, and it may have come after commands that were sent behind the first.
      this.unclear = true;
    }
    if (!command.confirmed && !receipt) return this.tally.add('unconfirmed and not applied');
    this.claimed.add(hash);
    const prediction = this.model.apply(command);
    if (!receipt) {
      this.findings.add('lost', `${describe(command)} was confirmed and has no receipt (expected ${prediction.status})`);
      this.astray = true;
      return;
    }
    if (receipts.length > 1) this.findings.add('applied twice', `${describe(command)} has ${receipts.length} receipts: ${receipts.map(({ commit, status }) => `${status} in ${commit}`).join(', ')}`);
    this.tally.add(receipt.status < 300 ? 'applied' : `refused with ${receipt.status}`);
    this.judgeParking(command, receipt.status);
    if (!this.unclear) this.compareReceipt(command, prediction, receipt);
  }

  /** An id that was used before for something else: parked at each delivery, no receipt of its own. */
  private judgeReused(command: SentCommand, crashed: boolean): void {
    this.tally.add('reused ids');
    const times = this.timesParked(command, REFUSED);
    if (times === 0 && !crashed && command.confirmed) this.findings.add('lost', `${describe(command)} reuses an id, was confirmed and is not parked`);
    if (times > command.sends) this.findings.add('parked too often', `${describe(command)} reuses an id, was sent ${command.sends} times and parked ${times} times`);
  }

  private judgeParking(command: SentCommand, status: number): void {
    const times = this.timesParked(command, REFUSED);
    const expected = isRefusal(status) ? 1 : 0;
    if (times < expected) this.findings.add('refusal not parked', `${describe(command)} was refused with ${status} and is not parked`);
    if (times > expected) this.findings.add('parked too often', `${describe(command)} with status ${status} is parked ${times} times`);
  }

  private compareReceipt(command: SentCommand, prediction: Prediction, receipt: LoggedEntry): void {
    if (this.astray) return;
    const { status, revision, events } = prediction;
    const expected = events.map((type, i) => `${type} ${revision - events.length + 1 + i}`);
    const found = receipt.events.map((event) => `${event.type.replace('org.tmforum.partyRole.', '')} ${event.sequence}`);
    if (receipt.subject !== this.role) this.wrong(command, `its receipt is about ${String(receipt.subject)}`);
    else if (receipt.status !== status) this.wrong(command, `answered with ${receipt.status}, expected ${status}`);
    else if (!sameJson(found, expected)) this.wrong(command, `caused [${found.join(', ')}], expected [${expected.join(', ')}]`);
  }

  private wrong(command: SentCommand, what: string): void {
    this.findings.add('wrong answer', `${describe(command)}: ${what}`);
    this.astray = true;
  }

  private compareRole(): void {
    const { revision, exists, document = {} } = this.model;
    if (!this.stored) {
      if (revision > 0) this.findings.add('wrong state', `role ${this.role} is not stored, expected revision ${revision}`);
      return;
    }
    if (this.stored.revision !== revision) this.findings.add('wrong state', `role ${this.role} has revision ${this.stored.revision}, expected ${revision}`);
    if (this.stored.deleted === exists) this.findings.add('wrong state', `role ${this.role} is ${exists ? 'deleted' : 'there'}, expected otherwise`);
    const { resource } = this.stored;
    for (const name of new Set([...Object.keys(document), ...Object.keys(resource)])) {
      const difference = differenceOf(resource[name], document[name]);
      if (difference !== undefined) this.findings.add('wrong state', `role ${this.role}, ${name}${difference}`);
    }
  }

  private timesParked(command: SentCommand, reason: string): number {
    return this.parked.get(contentKey(command))?.get(reason) ?? 0;
  }
}

/** Of lists the first place where they part: that is where something was lost, doubled or reordered. */
function differenceOf(found: unknown, expected: unknown): string | undefined {
  if (sameJson(found, expected)) return undefined;
  if (!Array.isArray(found) || !Array.isArray(expected)) return `: ${brief(found)}, expected ${brief(expected)}`;
  const at = found.findIndex((item, i) => !sameJson(item, expected[i]));
  const index = at < 0 ? found.length : at;
  return `[${index}]: ${brief(found[index])}, expected ${brief(expected[index])} (${found.length} items, expected ${expected.length})`;
}

function brief(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 120);
}

/** What is in the database and was never asked for, or set aside for a reason that no command of the load gives. */
function judgeStrays(commands: readonly SentCommand[], world: World, findings: Findings, tally: Tally): void {
  const hashes = new Set(commands.map(({ source, id }) => commandHash(source, id)));
  for (const { command = 'without a command', commit, events } of world.entries) {
    if (events.length > 0 && !hashes.has(command)) findings.add('change without a command', `entry ${command} in ${commit} about ${events[0]?.subject}`);
  }
  const contents = new Set(commands.map(contentKey));
  for (const { id, reason, error, content = '' } of world.parked) {
    tally.add(`parked as ${reason}`);
    if (reason !== REFUSED && reason !== CRASHED) findings.add('parked for another reason', `${id}: ${reason}: ${error}`);
    else if (!contents.has(content)) findings.add('stray parked message', `${id} was never sent so: ${error}`);
  }
}

function describe({ action, role, number, id }: SentCommand): string {
  return `${action} ${number} of role ${role} (id ${id})`;
}
