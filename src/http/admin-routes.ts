import { Router } from 'express';
import { deliveryHandlers } from './admin-deliveries.js';
import { historyHandlers } from './admin-history.js';
import { subscriptionHandlers } from './admin-hub.js';
import { parkedHandlers } from './admin-parked.js';
import { requireToken } from './admin-token.js';
import type { ApiHandler } from './exchange.js';
import type { AdminOptions, HttpOptions } from './http-options.js';
import { bodyReader } from './request-body.js';
import { refuseMethod, requireJsonAnswer, requireStore } from './route-steps.js';

/** What operators do over HTTP: dead letters, the hub, and history. Nothing of it is public. */
export function adminRoutes(options: HttpOptions, admin: AdminOptions): Router {
  const router = Router({ caseSensitive: true });
  const parked = parkedHandlers(options, admin);
  const subscriptions = subscriptionHandlers(options, admin);
  const deliveries = deliveryHandlers(options, admin);
  const history = historyHandlers(options, admin);
  const readBody = bodyReader(options.bodyLimitBytes);

  router.use(noStore, requireToken(admin.token), requireJsonAnswer, requireStore(options.store));
  router.route('/parked').get(parked.list).all(refuseMethod('GET, HEAD'));
  router.route('/parked/retry').post(readBody, parked.retry).all(refuseMethod('POST'));
  router.route('/parked/drop').post(readBody, parked.drop).all(refuseMethod('POST'));
  router.route('/parked/:id').get(parked.show).delete(parked.dropOne).all(refuseMethod('GET, HEAD, DELETE'));
  router.route('/parked/:id/retry').post(readBody, parked.retryOne).all(refuseMethod('POST'));
  router.route('/hub').get(subscriptions.list).all(refuseMethod('GET, HEAD'));
  router.route('/hub/:id').get(subscriptions.show).delete(subscriptions.remove).all(refuseMethod('GET, HEAD, DELETE'));
  router.route('/hub/:id/suspend').post(readBody, subscriptions.suspend).all(refuseMethod('POST'));
  router.route('/hub/:id/resume').post(readBody, subscriptions.resume).all(refuseMethod('POST'));
  router.route('/deliveries').get(deliveries.list).all(refuseMethod('GET, HEAD'));
  router.route('/deliveries/retry').post(readBody, deliveries.retry).all(refuseMethod('POST'));
  router.route('/deliveries/drop').post(readBody, deliveries.drop).all(refuseMethod('POST'));
  router.route('/deliveries/:id').get(deliveries.show).delete(deliveries.dropOne).all(refuseMethod('GET, HEAD, DELETE'));
  router.route('/:resource/:id').get(history.state).all(refuseMethod('GET, HEAD'));
  router.route('/:resource/:id/history').get(history.changes).all(refuseMethod('GET, HEAD'));
  return router;
}

/** Nothing between here and the operator keeps what it sees. */
const noStore: ApiHandler = (_request, response, next) => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};
