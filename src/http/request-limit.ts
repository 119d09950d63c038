import type { Logger } from 'pino';
import { unavailable } from './error-response.js';
import type { ApiHandler } from './exchange.js';
import { respond } from './json-response.js';

/**
 * At most `max` requests under way; what comes beyond is answered 503 at once, its body unread. A request has its place until
 * its answer has been handed to the network or its connection is gone, and never longer than `holdMs`: whoever sends or
 * reads more slowly is cut off.
 */
export function limitRequests(max: number, holdMs: number, log: Logger): ApiHandler {
  let underWay = 0;
  return (request, response, next) => {
    if (underWay >= max) {
      respond(response, unavailable(`More than ${max} requests are under way`));
      return;
    }
    underWay += 1;
    const { socket } = request;
    const cutOff = setTimeout(() => {
      log.warn({ ...response.locals.context, afterMs: holdMs }, 'the caller neither takes its answer nor goes away: cut off');
      socket.destroy();
    }, holdMs);
    const release = (): void => {
      clearTimeout(cutOff);
      response.off('close', release);
      socket.off('close', release);
      underWay -= 1;
    };
    response.once('close', release);
    // A pipelined request whose turn has not come has a response without a socket: that never closes.
    socket.setMaxListeners(0).once('close', release);
    next();
  };
}
