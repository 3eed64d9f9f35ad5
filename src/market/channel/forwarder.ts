import type { Address, Hex } from '../../crypto/index.ts';
import type { Environment, Micros } from '../../environment/index.ts';
import { hasCode, invariant } from '../../errors.ts';
import { DELIVERY_RETRY_MICROS_MAX } from '../../limits.ts';
import type { Journal } from './journal.ts';
import type { Payee } from './payee.ts';
import type { BookedPayment, PayeeBook } from './payee-book.ts';
import type { Payer } from './payer.ts';
import type { PayerBook, SentPayment } from './payer-book.ts';

export interface ForwarderDependencies {
  readonly environment: Environment;
  readonly journal: Journal;
  readonly received: PayeeBook;
  readonly promised: PayerBook;
  readonly payee: Payee;
  readonly payer: Payer;
  readonly patienceMicros: Micros;
}

/** Promises received payments onward, each once and never before its voucher is on disk. */
export interface Forwarder {
  /** Waits a while for the delivery. A payment that cannot be promised now (no room, no float) is tried again later. */
  forward(payment: BookedPayment): Promise<void>;
  stop(): void;
}

export function createForwarder({
  environment,
  journal,
  received,
  promised,
  payee,
  payer,
  patienceMicros,
}: ForwarderDependencies): Forwarder {
  const { clock, log } = environment;
  /** Payments that could not be promised, by edge node; bounded by the room of each device's channel. */
  const waiting = new Map<Address, Set<Hex>>();
  let stopped = false;

  payer.onProgress((payment) => {
    if (payment.stage !== 'delivered') return;
    delivered(payment);
    again(payment.node);
  });

  function delivered({ taskId, edgeReceipt }: SentPayment): void {
    const payment = received.payment(taskId);
    if (payment === undefined || payment.stage === 'delivered') return;
    received.mark(journal, taskId, 'delivered', edgeReceipt);
  }

  function again(node: Address): void {
    const tasks = waiting.get(node);
    waiting.delete(node);
    for (const taskId of tasks ?? []) {
      const payment = received.payment(taskId);
      if (payment !== undefined && !stopped) void forward(payment);
    }
  }

  function later(node: Address, taskId: Hex): void {
    const tasks = waiting.get(node);
    if (tasks !== undefined) {
      tasks.add(taskId);
      return;
    }
    waiting.set(node, new Set([taskId]));
    clock.set(DELIVERY_RETRY_MICROS_MAX, () => again(node), `payments that wait for a channel to ${node}`);
  }

  /** The promise that the whole design rests on, asked in the very step that signs. */
  function mayPromise(taskId: Hex): boolean {
    const payment = received.payment(taskId);
    if (payment?.stage !== 'received') return false;
    invariant(journal.isDurable(payment.place), 'the proxy holds the matching voucher on disk before it signs onward', {
      taskId,
    });
    invariant(
      promised.promisedWei + payment.amountWei <= received.receivedWei,
      'the proxy promises no more than it has received',
      {
        taskId,
        promisedWei: `${promised.promisedWei}`,
        receivedWei: `${received.receivedWei}`,
      },
    );
    return true;
  }

  async function forward({ taskId, node, amountWei, channel, stage }: BookedPayment): Promise<void> {
    if (stage === 'delivered') return;
    try {
      const sent = await payer.pay({
        payee: node,
        payment: { taskId, node, amountWei },
        patienceMicros,
        stillWanted: () => mayPromise(taskId),
        signed: () => received.mark(journal, taskId, 'forwarding'),
      });
      // A repeat after a restart may find it delivered long ago.
      if (sent?.stage === 'delivered') delivered(sent);
      payee.tidy(channel);
    } catch (error) {
      if (hasCode(error, 'INVARIANT_BROKEN')) throw error;
      log.warn('payment_waits', { taskId, edge: node, error: String(error) });
      if (received.payment(taskId)?.stage === 'received') later(node, taskId);
    }
  }

  return {
    forward,
    stop() {
      stopped = true;
    },
  };
}
