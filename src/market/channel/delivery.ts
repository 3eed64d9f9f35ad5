import type { Address, Hex } from '../../crypto/index.ts';
import type { Contact, Environment, Micros } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import { DELIVERY_RETRY_MICROS, DELIVERY_RETRY_MICROS_MAX, PAYMENTS_PER_VOUCHER_MAX } from '../../limits.ts';
import type { ChannelChain } from '../ports/index.ts';
import { checkAnswers } from './answer-check.ts';
import type { Journal } from './journal.ts';
import type { PayerBook, SentPayment } from './payer-book.ts';
import { decodeVoucherAnswer, encodeVoucherMessage, VOUCHER_PROTOCOL } from './voucher-messages.ts';

/**
 * Carries vouchers to payees until every payment is delivered. One message per payee is under way at a time; it carries
 * the newest voucher and all payments that are not delivered, so lost, doubled and reordered messages do no harm.
 */
export interface Delivery {
  /** Starts or goes on with deliveries to this payee. */
  start(payee: Address): void;
  /** Starts, and waits for news of this payment, or until patience is over. @throws the payee's refusal of it */
  deliver(payee: Address, taskId: Hex, patienceMicros: Micros): Promise<SentPayment | undefined>;
  onProgress(listener: (payment: SentPayment) => void): void;
  /** @throws TreadleError VOUCHER_MISDIRECTED | VOUCHER_RECEIPT_FORGED when this payee was caught */
  checkTrust(payee: Address): void;
  stop(): void;
}

export interface DeliveryDependencies {
  readonly environment: Environment;
  readonly chain: ChannelChain;
  readonly journal: Journal;
  readonly book: PayerBook;
  readonly contactOf: (node: Address) => Promise<Contact | undefined>;
  /** The node that runs for a payee; the payee itself when absent. A proxy's node may run with another key than its account. */
  readonly nodeOf?: (payee: Address) => Address;
  /** Called when a payee says that the channel is not what this node believes. */
  readonly stale: (payee: Address) => void;
}

interface Route {
  running: boolean;
  /** A payment was added while a message was under way. */
  again: boolean;
  delayMicros: Micros;
  wake: (() => void) | undefined;
}

/** Time for one message to be answered: a proxy waits for the edge node in between. */
const ANSWER_TIMEOUT_MICROS = 10_000_000;

export function createDelivery(dependencies: DeliveryDependencies): Delivery {
  const { environment, chain, journal, book, contactOf, stale, nodeOf = (payee) => payee } = dependencies;
  const { clock, log, metrics, network } = environment;
  const routes = new Map<Address, Route>();
  const waiters = new Map<Hex, Set<(error?: unknown) => void>>();
  const listeners: ((payment: SentPayment) => void)[] = [];
  const distrusted = new Map<Address, TreadleError>();
  let stopped = false;

  function settle(taskId: Hex, error?: unknown): void {
    for (const waiter of [...(waiters.get(taskId) ?? [])]) waiter(error);
  }

  function progress(taskId: Hex): void {
    const payment = book.payment(taskId);
    if (payment !== undefined) for (const listener of listeners) listener(payment);
    settle(taskId);
  }

  /** Sends one message. True when something is left to deliver. */
  async function round(payee: Address): Promise<boolean> {
    const channel = book.current(payee);
    const voucher = channel?.best;
    const payments = channel === undefined ? [] : book.undelivered(channel.channelId).slice(0, PAYMENTS_PER_VOUCHER_MAX);
    if (channel === undefined || voucher === undefined || payments.length === 0) return false;
    // Written before it is sent: a restart must know every amount that a payee may hold.
    await journal.durable();
    const node = nodeOf(payee);
    const contact = network.peers().includes(node) ? undefined : await contactOf(node);
    if (contact !== undefined) await network.connect(contact);
    const body = encodeVoucherMessage({ voucher, payments });
    const answers = decodeVoucherAnswer(
      await network.request(node, VOUCHER_PROTOCOL, body, { timeoutMicros: ANSWER_TIMEOUT_MICROS }),
    );
    checkAnswers(chain.domain, { channelId: channel.channelId, voucher, payments }, answers);
    for (const { receipt, stage, edgeReceipt } of answers) {
      if (book.payment(receipt.taskId)?.stage === stage) {
        settle(receipt.taskId);
        continue;
      }
      book.answer(journal, receipt.taskId, stage, stage === 'delivered' ? (edgeReceipt ?? receipt) : undefined);
      metrics.count(`payments_${stage}_total`);
      progress(receipt.taskId);
    }
    return book.undelivered(channel.channelId).length > 0;
  }

  /** True when the loop should go on. */
  function refused(payee: Address, error: unknown): boolean {
    const taskId = error instanceof TreadleError ? error.data['taskId'] : undefined;
    if (hasCode(error, 'VOUCHER_MISDIRECTED') || hasCode(error, 'VOUCHER_RECEIPT_FORGED')) {
      distrusted.set(payee, error);
      log.error('payee_distrusted', { payee, error: error.message });
      fail(payee, error);
      return false;
    }
    if (hasCode(error, 'VOUCHER_WRONG_PAYMENT') && typeof taskId === 'string' && book.payment(taskId as Hex)?.stage === 'sent') {
      // This one will never be taken; left in the message it would hold up all others.
      log.warn('payment_refused', { payee, taskId, error: error.message });
      book.answer(journal, taskId as Hex, 'refused');
      const payment = book.payment(taskId as Hex);
      if (payment !== undefined) for (const listener of listeners) listener(payment);
      settle(taskId as Hex, error);
      return true;
    }
    if (hasCode(error, 'VOUCHER_CHANNEL_CLOSING') || hasCode(error, 'VOUCHER_CHANNEL_UNKNOWN')) stale(payee);
    log.debug('voucher_not_delivered', { payee, error: String(error) });
    metrics.count('voucher_deliveries_failed_total');
    return true;
  }

  function fail(payee: Address, error: unknown): void {
    const channel = book.current(payee);
    for (const payment of channel === undefined ? [] : book.undelivered(channel.channelId)) settle(payment.taskId, error);
  }

  function pause(route: Route, payee: Address): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = clock.set(route.delayMicros, resolve, `next delivery of a voucher to ${payee}`);
    route.delayMicros = Math.min(2 * route.delayMicros, DELIVERY_RETRY_MICROS_MAX);
    route.wake = () => {
      clock.cancel(timer);
      resolve();
    };
    return promise.finally(() => {
      route.wake = undefined;
    });
  }

  async function loop(payee: Address, route: Route): Promise<void> {
    for (;;) {
      route.again = false;
      let left: boolean;
      try {
        left = await round(payee);
      } catch (error) {
        left = refused(payee, error);
      }
      if (stopped || (!left && !route.again)) {
        // In the same step as the decision, so that no payment can be added to a route that has ended.
        routes.delete(payee);
        return;
      }
      if (route.again) route.delayMicros = DELIVERY_RETRY_MICROS;
      else await pause(route, payee);
    }
  }

  function start(payee: Address): void {
    if (stopped || distrusted.has(payee)) return;
    const route = routes.get(payee) ?? { running: false, again: false, delayMicros: DELIVERY_RETRY_MICROS, wake: undefined };
    routes.set(payee, route);
    route.again = true;
    if (route.running) {
      route.delayMicros = DELIVERY_RETRY_MICROS;
      route.wake?.();
      return;
    }
    route.running = true;
    void loop(payee, route);
  }

  return {
    start,
    deliver(payee, taskId, patienceMicros) {
      const known = book.payment(taskId);
      if (known === undefined || known.stage === 'delivered' || known.stage === 'refused' || known.stage === 'settled')
        return Promise.resolve(known);
      const { promise, resolve, reject } = Promise.withResolvers<SentPayment | undefined>();
      const waiting = waiters.get(taskId) ?? new Set();
      waiters.set(taskId, waiting);
      const end = (error?: unknown) => {
        clock.cancel(timer);
        waiting.delete(end);
        if (waiting.size === 0 && waiters.get(taskId) === waiting) waiters.delete(taskId);
        if (error === undefined) resolve(book.payment(taskId));
        else reject(error);
      };
      const timer = clock.set(patienceMicros, () => end(), `delivery of the payment for task ${taskId}`);
      waiting.add(end);
      start(payee);
      return promise;
    },
    onProgress: (listener) => void listeners.push(listener),
    checkTrust(payee) {
      const caught = distrusted.get(payee);
      if (caught !== undefined) throw caught;
    },
    stop() {
      stopped = true;
      for (const route of routes.values()) route.wake?.();
    },
  };
}
