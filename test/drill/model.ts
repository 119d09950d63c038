import { commandHash, type SentCommand } from './journal.js';
import { isObject, jsonPatched, mergePatched, PatchFailure, sameJson, type JsonObject } from './json-patching.js';

/** What the service must make of one command. */
export interface Prediction {
  /** The HTTP status of its receipt; 422 for an id that was used before for something else: that leaves no receipt and is parked. */
  readonly status: number;
  /** The role's revision after it. */
  readonly revision: number;
  /** Its events' types, in order; their sequences end with `revision`. */
  readonly events: readonly string[];
}

const REFUSALS = new Set([400, 404, 409, 412]);

/** What a role must be like after the commands that it was given, one after the other. It shares no code with the service. */
export class RoleModel {
  /** Counts events; goes on over deletes and creates. */
  revision = 0;
  exists = false;
  /** Of a deleted role its last state; undefined before the first create. */
  document: JsonObject | undefined;
  private readonly answered = new Set<string>();

  constructor(readonly role: string) {}

  /** Not for repetitions with the same content: they change nothing. */
  apply(command: SentCommand): Prediction {
    const identity = commandHash(command.source, command.id);
    if (this.answered.has(identity)) return this.answer(422);
    this.answered.add(identity);
    switch (command.action) {
      case 'create':
        return this.create(command);
      case 'patch':
        return this.patch(command);
      case 'delete':
        return this.remove(command);
    }
  }

  private create({ data, expectedrevision }: SentCommand): Prediction {
    if (!isObject(data)) return this.answer(400);
    if (this.exists) return this.answer(409);
    if (!isExpected(expectedrevision, this.revision, false)) return this.answer(412);
    const document = { ...data, id: this.role };
    if (!isValid(document)) return this.answer(400);
    this.exists = true;
    this.document = document;
    return this.announce(201, ['PartyRoleCreateEvent']);
  }

  private patch({ data, expectedrevision, contentType }: SentCommand): Prediction {
    if (!this.exists || this.document === undefined) return this.answer(404);
    if (!isExpected(expectedrevision, this.revision, true)) return this.answer(412);
    let document: JsonObject;
    try {
      document = patched(this.document, contentType, data);
    } catch (error) {
      if (error instanceof PatchFailure) return this.answer(error.status);
      throw error;
    }
    if (document['id'] !== this.role || !isValid(document)) return this.answer(400);
    const { status: statusBefore, ...before } = this.document;
    const { status, ...after } = document;
    this.document = document;
    return this.announce(200, [
      ...(status === statusBefore ? [] : ['PartyRoleStateChangeEvent']),
      ...(sameJson(before, after) ? [] : ['PartyRoleAttributeValueChangeEvent']),
    ]);
  }

  private remove({ expectedrevision }: SentCommand): Prediction {
    if (!this.exists) return this.answer(404);
    if (!isExpected(expectedrevision, this.revision, true)) return this.answer(412);
    this.exists = false;
    return this.announce(204, ['PartyRoleDeleteEvent']);
  }

  private announce(status: number, events: readonly string[]): Prediction {
    this.revision += events.length;
    return { status, revision: this.revision, events };
  }

  private answer(status: number): Prediction {
    return { status, revision: this.revision, events: [] };
  }
}

/** A status that is no, with nobody waiting for it: parked, with a receipt. */
export function isRefusal(status: number): boolean {
  return REFUSALS.has(status);
}

function patched(document: JsonObject, contentType: string, data: unknown): JsonObject {
  if (contentType === 'application/json-patch+json') return jsonPatched(document, data);
  if (!isObject(data)) throw new PatchFailure(400);
  return mergePatched(document, data);
}

function isExpected(expected: string | undefined, revision: number, exists: boolean): boolean {
  if (expected === undefined) return true;
  return expected === '*' ? exists : expected.split(',').some((text) => Number(text) === revision);
}

/** The rules of a PartyRole (TMF669 v4) as far as the load breaks them. */
function isValid(document: JsonObject): boolean {
  const { name, status, characteristic } = document;
  return (
    typeof name === 'string' &&
    name.trim() !== '' &&
    (status === undefined || typeof status === 'string') &&
    (characteristic === undefined || (Array.isArray(characteristic) && characteristic.every((item) => isObject(item) && typeof item['name'] === 'string' && 'value' in item)))
  );
}
