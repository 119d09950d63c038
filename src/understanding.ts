import type { Item } from './batch.js';
import { claimsOf, commandOf, isStructured, type EnvelopeLimits } from './bus/envelope.js';
import { Refusal, Unacceptable, textOf } from './errors.js';
import type { ResourceDefinition } from './handlers/definition.js';
import { targetId } from './handlers/resource.js';
import { forgetting, forgettingAll } from './handlers/secret-bodies.js';
import type { Command, Message } from './message.js';

/** What a message asks for, or why it can never be applied. `condemned`: it has killed whoever tried it. */
export function understand(delivered: Message, condemned: boolean, definitions: ReadonlyMap<string, ResourceDefinition>, limits: EnvelopeLimits): Item {
  const message = withoutForgotten(delivered, definitions);
  const again = message.redelivered;
  try {
    const command = commandOf(message, limits);
    if (condemned) return { message, again, command, ...targetOf(command), unacceptable: new Unacceptable('crashed', 'the process died twice while it tried this message') };
    const definition = definitions.get(command.resource);
    if (!definition) throw new Unacceptable('unsupported', `type ${command.type} is no command of this service`);
    try {
      return { message, again, command, definition, id: targetId(command) };
    } catch (error) {
      if (error instanceof Refusal) return { message, again, command, refused: error, reason: 'refused' };
      throw error;
    }
  } catch (error) {
    if (error instanceof Unacceptable) return { message, again, unacceptable: error };
    return { message, again, unacceptable: new Unacceptable('failed', textOf(error)) };
  }
}

/**
 * The message without what must be forgotten on arrival, whatever becomes of it. A message that does not say well what it is about
 * loses what any resource wants forgotten.
 */
function withoutForgotten(message: Message, definitions: ReadonlyMap<string, ResourceDefinition>): Message {
  // Of a message in binary mode it stands beside the body.
  const named = isStructured(message) ? undefined : definitions.get(resourceIn(message));
  const { body } = message;
  let left = named ? forgetting(body, named.secrets) : forgettingAll(body, [...definitions.values()]);
  if (left === body) return message;
  const about = named ?? definitions.get(resourceIn(message));
  if (about) left = forgetting(body, about.secrets);
  return left === body ? message : (Object.create(message, { body: { value: left } }) as Message);
}

function resourceIn(message: Message): string {
  const [, , resource = ''] = (claimsOf(message).type ?? '').split('.');
  return resource;
}

/** The resource that a command is about, where it names one. */
function targetOf(command: Command): { target?: string } {
  try {
    return { target: targetId(command) };
  } catch {
    return {};
  }
}
