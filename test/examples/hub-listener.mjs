// A listener of the notification hub, with nothing but Node: takes every event once, verifies who sent it, and prints one JSON line for each.
import { existsSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { isAuthentic } from './verify-signature.mjs';

const USAGE = `node test/examples/hub-listener.mjs [OPTIONS]

  --port NUMBER      where it listens (default 9090; 0: any free one)
  --host ADDRESS     default 127.0.0.1
  --secret SECRET    the whsec_… that was registered (default: SIGNING_SECRET of the environment); without one nothing is verified
  --state FILE       where it keeps what was seen; without one that is forgotten at the end

Register http://HOST:9090/listener for everything, or http://HOST:9090/listener/partyRoleCreateEvent with query eventType=PartyRoleCreateEvent.`;

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '9090' },
    host: { type: 'string', default: '127.0.0.1' },
    secret: { type: 'string', default: process.env.SIGNING_SECRET ?? '' },
    state: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

const MAX_BODY = 4 * 1024 * 1024;
const REMEMBERED = 100_000;

// Ids of events, oldest first, and the last sequence of each resource.
const seen = new Set();
const last = new Map();

function remember({ eventId, resource, sequence }) {
  seen.add(eventId);
  if (seen.size > REMEMBERED) seen.delete(seen.values().next().value);
  if (sequence !== undefined) last.set(resource, Math.max(sequence, last.get(resource) ?? 0));
}

let file;
if (options.state !== undefined) {
  // The last line may have been cut off by the end of the process: its event was not acknowledged and comes again.
  const lines = existsSync(options.state) ? readFileSync(options.state, 'utf8').split('\n').slice(0, -1).slice(-REMEMBERED) : [];
  for (const line of lines) remember(JSON.parse(line));
  writeFileSync(options.state, lines.map((line) => `${line}\n`).join(''));
  file = openSync(options.state, 'a');
}

// The event in one form, whichever dialect it came in. Throws when it is none.
function read(headers, body) {
  const json = JSON.parse(body.toString('utf8'));
  const isStructured = /^application\/cloudevents\+json/i.test(headers['content-type'] ?? '');
  const envelope = isStructured ? json.data : json;
  const { eventId, eventType, event } = envelope;
  const [[type, { id }]] = Object.entries(event);
  if (![eventId, eventType, id].every((text) => typeof text === 'string' && text !== '')) throw new Error('an event has eventId, eventType and a resource with an id');
  // Only CloudEvents count the events of a resource; the envelope of TM Forum has nothing like it, so there a gap cannot be seen.
  const text = isStructured ? json.sequence : headers['ce-sequence'];
  if (text !== undefined && !/^\d+$/.test(text)) throw new Error('the sequence is a number');
  return { eventType, id, eventId, resource: `${type}/${id}`, ...(text === undefined ? {} : { sequence: Number(text) }) };
}

// An event is acknowledged when it is kept, not before: what is lost in between comes again.
function take(event) {
  const { resource, ...shown } = event;
  if (seen.has(event.eventId)) return { ...shown, duplicate: true };
  const before = last.get(resource);
  // A listener that registered late begins in the middle. One that filters must expect gaps.
  const gap = event.sequence !== undefined && before !== undefined && event.sequence > before + 1;
  if (file !== undefined) {
    writeSync(file, `${JSON.stringify({ eventId: event.eventId, resource, sequence: event.sequence })}\n`);
    fsyncSync(file);
  }
  remember(event);
  return { ...shown, ...(gap ? { gap: { from: before + 1, to: event.sequence - 1 } } : {}) };
}

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    // Read to the end even so, for the sender to hear the answer.
    if (size <= MAX_BODY) chunks.push(chunk);
  }
  return size <= MAX_BODY ? Buffer.concat(chunks) : undefined;
}

async function answer(request) {
  if (!/^\/listener(\/[A-Za-z]+)?$/.test(new URL(request.url, 'http://localhost').pathname)) return 404;
  if (request.method !== 'POST') return 405;
  const body = await bodyOf(request);
  if (body === undefined) return 413;
  if (options.secret !== '' && !isAuthentic(request.headers, body, options.secret)) return 401;
  let event;
  try {
    event = read(request.headers, body);
  } catch {
    return 400;
  }
  console.log(JSON.stringify(take(event)));
  return 204;
}

const server = createServer((request, response) => {
  answer(request).then(
    (status) => response.writeHead(status).end(),
    (error) => {
      console.error(String(error));
      response.writeHead(500).end();
    },
  );
});
server.listen(Number(options.port), options.host, () => console.log(JSON.stringify({ listening: server.address().port })));

process.on('SIGTERM', () => {
  // What is under way is answered, for a moment.
  server.close(() => process.exit(0));
  setTimeout(() => server.closeAllConnections(), 1_000);
});
