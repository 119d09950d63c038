import type { Logger } from 'pino';
import { apiAddresses } from './api-paths.js';
import type { Config } from './config.js';
import { Refusal } from './errors.js';
import { definitions } from './handlers/index.js';
import type { DeliveryTask, HubTask } from './hub-arguments.js';
import { openSender } from './hub-role.js';
import { operatorView, operatorViewOf } from './hub/operator-view.js';
import { ParkedDeliveries } from './hub/parked-deliveries.js';
import { deliveryDetails, deliveryOutcomeView, deliverySummary } from './hub/parked-delivery-view.js';
import { SubscriptionDesk } from './hub/subscription-desk.js';
import { subscriptionFilter } from './hub/subscription-filter.js';
import { countsOf } from './parked-view.js';
import type { Subscription } from './store/hub-store.js';
import { ToolError } from './tool-error.js';
import type { OpenPorts } from './tool-ports.js';
import { report, showAll, type Print } from './tool-report.js';

/** Does what an operator asks of the hub, on the database alone. Its answer is the exit code. */
export async function runHubTask(config: Config, task: HubTask, ports: OpenPorts, print: Print): Promise<number> {
  const store = await ports.store();
  const desk = new SubscriptionDesk(store);
  const addressOf = apiAddresses(config, definitions(config));
  const show = async (subscription: Subscription): Promise<void> => print(await operatorViewOf(subscription, addressOf, store.hub));
  try {
    switch (task.name) {
      case 'hub list': {
        const parked = await store.hub.countParkedDeliveries({});
        for await (const subscription of desk.all()) print(operatorView(subscription, addressOf, parked));
        return 0;
      }
      case 'hub show':
        await show(await desk.find(task.id));
        return 0;
      case 'hub suspend':
        await show(await desk.suspend(task.id, task.reason));
        return 0;
      case 'hub resume':
        await show(await desk.resume(task.id, task.from));
        return 0;
      case 'hub remove':
        await desk.remove(task.id);
        print({ id: task.id, outcome: 'removed' });
        return 0;
    }
  } catch (error) {
    if (error instanceof Refusal) throw new ToolError([error.message, ...error.faults.map(({ problem }) => problem)].join(': '));
    throw error;
  }
}

/** Does what an operator asks about deliveries that were set aside. Its answer is the exit code. */
export async function runDeliveryTask(config: Config, task: DeliveryTask, ports: OpenPorts, log: Logger, print: Print): Promise<number> {
  const deliveries = new ParkedDeliveries((await ports.store()).hub);
  switch (task.name) {
    case 'dlq list --deliveries': {
      const page = await deliveries.list(task.filter, task.limit, deliverySummary);
      for (const delivery of page.deliveries) print(delivery);
      print({ ...countsOf(page), shown: page.deliveries.length });
      return 0;
    }
    case 'dlq show --deliveries':
      return showAll(task.ids, (id) => deliveries.find(id), deliveryDetails, 'no parked delivery has this id', print);
    case 'dlq retry --deliveries': {
      const all = definitions(config);
      const sender = task.dryRun ? undefined : openSender(config, log);
      const filterOf = (subscription: Subscription) => subscriptionFilter(subscription, all);
      try {
        return await report(deliveries.retry(task.filter, task.limit, { ...(sender ? { sender } : {}), filterOf }), deliveryOutcomeView, print);
      } finally {
        await sender?.close();
      }
    }
    case 'dlq drop --deliveries':
      return report(deliveries.drop(task.filter, task.limit, { dryRun: task.dryRun, now: () => new Date() }), deliveryOutcomeView, print);
  }
}
