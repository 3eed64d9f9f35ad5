import type { Address, Hex, NodeKey } from '../../crypto/index.ts';
import type { Contact, Environment, Micros } from '../../environment/index.ts';
import { invariant, TreadleError } from '../../errors.ts';
import {
  CLAIM_ATTEMPTS_MAX,
  CLAIM_RETRY_MICROS,
  CLAIM_RETRY_MICROS_MAX,
  PAYMENTS_PER_VOUCHER_MAX,
  PAYMENTS_UNDELIVERED_MAX,
} from '../../limits.ts';
import type { ChannelChain, ChannelEvent, ChannelRecord } from '../ports/index.ts';
import { retry, sleep } from './backoff.ts';
import { createChannelView } from './channel-view.ts';
import { createDelivery } from './delivery.ts';
import { createFunding, type FundingPolicy } from './funding.ts';
import type { Journal } from './journal.ts';
import type { PayerBook, SentChannel, SentPayment } from './payer-book.ts';
import type { Payment } from './receipt.ts';
import { createSerial } from './serial.ts';
import { signVoucher } from './voucher.ts';

/** How a node pays. */
export interface PayerPolicy extends FundingPolicy {
  /** What the payee keeps of each payment on top of its amount; must be what the payee asks. Default 0. */
  readonly feeWei?: bigint;
  /** Payments that may be on their way beyond a proxy before this node stops paying. Default PAYMENTS_UNDELIVERED_MAX. */
  readonly undeliveredMax?: number;
}

export interface PayerDependencies {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly chain: ChannelChain;
  readonly journal: Journal;
  readonly book: PayerBook;
  /** Where a payee can be reached; undefined when it is connected already or unknown. */
  readonly contactOf: (node: Address) => Promise<Contact | undefined>;
  /** As {@link DeliveryDependencies} has it. */
  readonly nodeOf?: (payee: Address) => Address;
}

export interface PayOptions {
  readonly payee: Address;
  readonly payment: Payment;
  /** How long to wait for the payment to arrive. Default 10 s; afterwards it goes on in the background. */
  readonly patienceMicros?: Micros;
  /** Asked right before the voucher is signed: false leaves the payment out. */
  readonly stillWanted?: () => boolean;
  /** Called right after the voucher is signed and written, before anything else can happen. */
  readonly signed?: () => void;
}

/** A payer: keeps channels open and filled, signs vouchers, and delivers them until they are acknowledged. */
export interface Payer {
  /** Makes a channel to `payee` that can carry `amountWei` more. @throws TreadleError CHANNEL_DEPOSIT_LIMIT */
  ready(request: { readonly payee: Address; readonly amountWei: bigint }): Promise<void>;
  /**
   * Pays for a task, once: a repeat returns how far the payment is. Resolves when it is delivered, when the payee says
   * that it is on its way, or when patience is over; with undefined when nothing is owed.
   * @throws TreadleError CHANNEL_DEPOSIT_LIMIT | CHANNEL_FULL | CHANNEL_UNDELIVERED | VOUCHER_MISDIRECTED | VOUCHER_RECEIPT_FORGED, or the payee's refusal
   */
  pay(options: PayOptions): Promise<SentPayment | undefined>;
  /** Called when a payment moves on. */
  onProgress(listener: (payment: SentPayment) => void): void;
  /** Goes on with what a restart interrupted: deliveries, closings, payments whose channel closed. */
  resume(): Promise<void>;
  /**
   * Starts to close the channel to `payee`, and takes the rest back after the challenge period.
   * @throws TreadleError CHANNEL_PENDING_PAYMENTS unless `force`
   */
  close(request: { readonly payee: Address; readonly force?: boolean }): Promise<void>;
  stop(): void;
}

const PATIENCE_MICROS = 10_000_000;

export function createPayer(policy: PayerPolicy, dependencies: PayerDependencies): Payer {
  const { environment, key, chain, journal, book } = dependencies;
  const { clock, log } = environment;
  const feeWei = policy.feeWei ?? 0n;
  const undeliveredMax = policy.undeliveredMax ?? PAYMENTS_UNDELIVERED_MAX;
  const serial = createSerial<Address>();
  const withdrawing = new Set<Hex>();
  let stopped = false;

  const view = createChannelView(chain, onChainEvent);
  const funding = createFunding(policy, { environment, key, chain, journal, book, view });
  const { contactOf, nodeOf } = dependencies;
  const delivery = createDelivery({
    environment,
    chain,
    journal,
    book,
    contactOf,
    stale: recheck,
    ...(nodeOf !== undefined && { nodeOf }),
  });

  function onChainEvent({ type, channel }: ChannelEvent): void {
    if (type === 'closing' || type === 'closed') ending(channel);
  }

  function ending(channel: ChannelRecord): void {
    const sent = channel.key.payer === key.address ? book.channel(channel.channelId) : undefined;
    if (sent === undefined || channel.state === 'open') return;
    if (channel.state === 'closed') {
      closed(channel.channelId, channel.claimedWei);
      return;
    }
    book.retire(journal, channel.channelId);
    withdrawLater(sent, channel.closesAtMicros ?? clock.now());
  }

  /** A device without a feed of events learns from its payee that a channel ended. */
  function recheck(payee: Address): void {
    const channel = book.current(payee);
    if (channel === undefined) return;
    view.refresh(channel.key).then(
      (record) => record && ending(record),
      (error: unknown) => log.debug('channel_not_read', { channelId: channel.channelId, error: String(error) }),
    );
  }

  function closed(channelId: Hex, claimedWei: bigint): void {
    book.close(journal, channelId, claimedWei);
    log.info('channel_closed', { channelId, claimedWei });
    for (const orphan of book.orphans()) {
      log.warn('payment_signed_again', { taskId: orphan.taskId, payee: orphan.payee });
      pay({ payee: orphan.payee, payment: { taskId: orphan.taskId, node: orphan.node, amountWei: orphan.amountWei } }).catch(
        (error: unknown) => log.warn('payment_waits', { taskId: orphan.taskId, error: String(error) }),
      );
    }
  }

  function checkExposure(payee: Address): void {
    delivery.checkTrust(payee);
    const channel = book.current(payee);
    const waiting = channel === undefined ? 0 : book.undelivered(channel.channelId).length;
    if (waiting >= undeliveredMax) {
      throw new TreadleError(undeliveredMax < PAYMENTS_PER_VOUCHER_MAX ? 'CHANNEL_UNDELIVERED' : 'CHANNEL_FULL', {
        detail: `${waiting} payments through ${payee} have not reached their edge nodes`,
        data: { payee, waiting },
      });
    }
  }

  /** Signs and writes, in one step that nothing interrupts. */
  function commit(channel: SentChannel, payment: Payment): void {
    const cumulativeWei = channel.sentWei + payment.amountWei + feeWei;
    invariant(cumulativeWei > channel.sentWei, 'a payment is above zero');
    book.sign(journal, signVoucher(chain, key, { channel: channel.key, cumulativeWei }), payment);
  }

  /** False when the payment is not wanted any more. */
  function sign({ payee, payment, stillWanted, signed }: PayOptions): Promise<boolean> {
    return serial.run(payee, async () => {
      if (book.payment(payment.taskId) !== undefined) return true;
      const channel = await funding.ensure(payee, payment.amountWei + feeWei);
      if (book.payment(payment.taskId) !== undefined) return true;
      if (stillWanted?.() === false) return false;
      checkExposure(payee);
      commit(channel, payment);
      signed?.();
      return true;
    });
  }

  async function pay(options: PayOptions): Promise<SentPayment | undefined> {
    const { payee, payment } = options;
    if (payment.amountWei + feeWei === 0n) return undefined;
    if (book.payment(payment.taskId) === undefined) {
      checkExposure(payee);
      if (!(await sign(options))) return undefined;
      // The next top-up starts before the channel runs dry, so that payments do not wait for blocks.
      void serial
        .run(payee, () => funding.refill(payee))
        .catch((error: unknown) => log.warn('top_up_failed', { payee, error: String(error) }));
    }
    return delivery.deliver(payee, payment.taskId, options.patienceMicros ?? PATIENCE_MICROS);
  }

  function withdrawLater(channel: SentChannel, closesAtMicros: Micros): void {
    if (withdrawing.has(channel.channelId)) return;
    withdrawing.add(channel.channelId);
    const wait = Math.max(0, closesAtMicros - clock.now());
    const backoff = {
      firstMicros: CLAIM_RETRY_MICROS,
      maxMicros: CLAIM_RETRY_MICROS_MAX,
      attemptsMax: CLAIM_ATTEMPTS_MAX,
      label: 'withdrawal',
    };
    const withdraw = async () => {
      const record = await view.refresh(channel.key);
      if (record?.state !== 'closed') view.note(await chain.withdraw(channel.key));
      return true;
    };
    const failed = (error: unknown) => log.debug('withdrawal_refused', { channelId: channel.channelId, error: String(error) });
    void sleep(clock, wait, `closing time of channel ${channel.channelId}`).then(async () => {
      const done = await retry(clock, backoff, withdraw, failed, () => stopped);
      withdrawing.delete(channel.channelId);
      if (done && book.channel(channel.channelId) !== undefined)
        closed(channel.channelId, (await view.read(channel.key))?.claimedWei ?? 0n);
      if (!done && !stopped) log.error('withdrawal_failed', { channelId: channel.channelId });
    });
  }

  async function startClose(channel: SentChannel): Promise<void> {
    book.retire(journal, channel.channelId);
    await journal.durable();
    const known = await view.refresh(channel.key);
    if (known === undefined) return book.close(journal, channel.channelId, 0n);
    const record = known.state === 'open' ? await chain.startClose(channel.key) : known;
    view.note(record);
    if (record.state === 'closing') withdrawLater(channel, record.closesAtMicros ?? clock.now());
  }

  /** In the background: it may take blocks, and nothing else waits for it. */
  function goOnClosing(channel: SentChannel): void {
    startClose(channel).catch((error: unknown) =>
      log.warn('close_waits', { channelId: channel.channelId, error: String(error) }),
    );
  }

  async function resume(): Promise<void> {
    for (const channel of [...book.channels()]) {
      const record = await view.refresh(channel.key);
      if (record?.state === 'closed') closed(channel.channelId, record.claimedWei);
      else if (record?.state === 'closing' || channel.retired) goOnClosing(channel);
      else if (book.undelivered(channel.channelId).length > 0) delivery.start(channel.key.payee);
    }
    for (const orphan of book.orphans()) {
      const payment = { taskId: orphan.taskId, node: orphan.node, amountWei: orphan.amountWei };
      void pay({ payee: orphan.payee, payment }).catch((error: unknown) =>
        log.warn('payment_waits', { taskId: orphan.taskId, error: String(error) }),
      );
    }
  }

  return {
    ready: ({ payee, amountWei }) => serial.run(payee, async () => void (await funding.ensure(payee, amountWei + feeWei))),
    pay,
    onProgress: delivery.onProgress,
    resume,
    async close({ payee, force = false }) {
      await serial.run(payee, async () => {
        const channel = book.current(payee);
        if (channel === undefined) return;
        const waiting = book.undelivered(channel.channelId).length;
        if (waiting > 0 && !force)
          throw new TreadleError('CHANNEL_PENDING_PAYMENTS', { data: { channelId: channel.channelId, waiting } });
        await startClose(channel);
      });
    },
    stop() {
      stopped = true;
      view.close();
      delivery.stop();
    },
  };
}
