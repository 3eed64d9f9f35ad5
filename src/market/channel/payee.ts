import type { ChannelKey } from '../../contracts/index.ts';
import type { Hex, NodeKey } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { CLAIM_ATTEMPTS_MAX, CLAIM_RETRY_MICROS, CLAIM_RETRY_MICROS_MAX } from '../../limits.ts';
import type { ChannelChain, ChannelEvent, ChannelRecord, Match, MatchReader, Voucher } from '../ports/index.ts';
import { retry } from './backoff.ts';
import { type ChannelView, createChannelView } from './channel-view.ts';
import type { Journal } from './journal.ts';
import type { BookedPayment, PayeeBook } from './payee-book.ts';
import { type Payment, type Receipt, signReceipt } from './receipt.ts';
import { voucherIsValid } from './voucher.ts';
import type { VoucherMessage } from './voucher-messages.ts';

export interface PayeePolicy {
  /** Takes its money from a channel when the best voucher is worth this much more than the claims so far. */
  readonly claimThresholdWei: bigint;
}

export interface PayeeDependencies {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly chain: ChannelChain;
  readonly matches: MatchReader;
  readonly journal: Journal;
  readonly book: PayeeBook;
  /** What this payee asks of a payment's match; a string says why it refuses for ever, a throw why it refuses for now. */
  readonly judge: (payment: Payment, match: Match, voucher: Voucher) => string | undefined;
  /** Called once for each new payment, when it is on disk. */
  readonly accepted?: (payment: BookedPayment) => void;
}

/** A payee: takes vouchers, and turns them into money in time. */
export interface Payee {
  /**
   * Takes a voucher. Resolves when it is on disk, and only then; a repeat gets the same answer.
   * @throws TreadleError VOUCHER_FORGED | VOUCHER_CHANNEL_UNKNOWN | VOUCHER_CHANNEL_CLOSING | VOUCHER_ABOVE_DEPOSIT | VOUCHER_NOT_INCREASING | VOUCHER_WRONG_PAYMENT | TASK_UNKNOWN
   */
  receive(message: VoucherMessage): Promise<readonly BookedPayment[]>;
  /** This payee's receipt for a payment that is on disk. */
  receipt(payment: BookedPayment): Receipt;
  /** Claims whatever the best voucher of a channel adds. */
  claim(channelId: Hex): Promise<void>;
  /** Claims on all channels; returns how many claims it made. */
  claimAll(): Promise<number>;
  /** Claims and gives the rest back to the payer at once. */
  close(channelId: Hex): Promise<void>;
  /** Forgets a closed channel once nothing of it waits any more. */
  tidy(channel: ChannelKey): void;
  /** After a start: forgets channels that closed meanwhile, claims on those that are closing. */
  resume(): Promise<void>;
  stop(): void;
}

export function createPayee(policy: PayeePolicy, dependencies: PayeeDependencies): Payee {
  const { environment, key, chain, matches, journal, book, judge } = dependencies;
  const { clock, log, metrics } = environment;
  const rescues = new Set<Hex>();
  const claims = new Map<Hex, Promise<void>>();
  let stopped = false;
  const view: ChannelView = createChannelView(chain, onChainEvent);

  function onChainEvent({ type, channel }: ChannelEvent): void {
    if (book.channel(channel.channelId) === undefined) return;
    if (type === 'closing') rescue(channel.channelId);
    if (type === 'closed') closed(channel);
  }

  function closed(record: ChannelRecord): void {
    const held = book.channel(record.channelId);
    if (held === undefined) return;
    const lostWei = held.best.cumulativeWei - record.claimedWei;
    if (lostWei > 0n) log.error('vouchers_lost', { channelId: record.channelId, lostWei });
    else log.info('channel_closed', { channelId: record.channelId, claimedWei: record.claimedWei });
    // A payment that is not promised onward yet keeps its place until it is: see the proxy.
    const open = [...held.payments.values()].some((payment) => payment.stage === 'received');
    if (!open) book.forget(journal, record.channelId);
  }

  function unclaimedWei(channelId: Hex): bigint {
    return (book.channel(channelId)?.best.cumulativeWei ?? 0n) - (view.peek(channelId)?.claimedWei ?? 0n);
  }

  async function claimOnce(channelId: Hex): Promise<void> {
    const held = book.channel(channelId);
    if (held === undefined) return;
    await journal.durable();
    const record = await view.refresh(held.best.channel);
    if (record === undefined || record.state === 'closed' || held.best.cumulativeWei <= record.claimedWei) return;
    view.note(await chain.claim(held.best));
    metrics.count('voucher_claims_total');
    log.info('voucher_claimed', { channelId, cumulativeWei: held.best.cumulativeWei });
  }

  /** One claim per channel at a time: a second one for the same voucher would only fail. */
  function claim(channelId: Hex): Promise<void> {
    const running = claims.get(channelId);
    if (running !== undefined) return running;
    const started = claimOnce(channelId).finally(() => claims.delete(channelId));
    claims.set(channelId, started);
    return started;
  }

  /** The payer is closing: the best voucher has to be claimed before it withdraws, whatever goes wrong meanwhile. */
  function rescue(channelId: Hex): void {
    if (rescues.has(channelId)) return;
    rescues.add(channelId);
    const attempt = async () => {
      await claim(channelId);
      return unclaimedWei(channelId) <= 0n || view.peek(channelId)?.state === 'closed';
    };
    void persist(channelId, 'claim on a closing channel', attempt).then(() => rescues.delete(channelId));
  }

  /** Closes with the best voucher, however long that takes: until then the payer cannot pay on this channel. */
  async function end(channelId: Hex): Promise<void> {
    const attempt = async () => {
      const held = book.channel(channelId);
      if (held === undefined) return true;
      const record = await view.refresh(held.best.channel);
      if (record !== undefined && record.state !== 'closed') {
        const fresh = held.best.cumulativeWei > record.claimedWei;
        view.note(await chain.cooperativeClose({ channel: held.best.channel, ...(fresh && { voucher: held.best }) }));
      }
      const after = view.peek(channelId);
      if (after?.state === 'closed') closed(after);
      return after?.state === 'closed';
    };
    await persist(channelId, 'closing of a channel', attempt);
  }

  /** Tries again and again; gives up with a line in the log. */
  async function persist(channelId: Hex, label: string, attempt: () => Promise<boolean>): Promise<void> {
    const backoff = {
      firstMicros: CLAIM_RETRY_MICROS,
      maxMicros: CLAIM_RETRY_MICROS_MAX,
      attemptsMax: CLAIM_ATTEMPTS_MAX,
      label,
    };
    const failed = (error: unknown) => log.warn('claim_failed', { channelId, error: String(error) });
    const done = await retry(clock, backoff, attempt, failed, () => stopped);
    if (!done && !stopped) log.error('claim_given_up', { channelId });
  }

  async function checkChannel({ channel, cumulativeWei }: Voucher): Promise<void> {
    const channelId = chain.idOf(channel);
    if (channel.payee !== key.address) throw unknownChannel(channelId, `is to ${channel.payee}, not to this node`);
    let record = await view.read(channel);
    // The payer may have opened or topped up in a block that this node's memory does not know.
    if (record === undefined || record.depositWei < cumulativeWei) record = await view.refresh(channel);
    if (record === undefined) throw unknownChannel(channelId, 'is not on the chain that this node sees');
  }

  /** The last look before a voucher is taken: from memory, so that nothing comes in between. */
  function checkTakable({ channel, cumulativeWei }: Voucher): void {
    const channelId = chain.idOf(channel);
    const record = view.peek(channelId);
    const ending = book.channel(channelId)?.ending === true;
    if (record?.state !== 'open' || ending) {
      const data = {
        channelId,
        state: ending ? 'closing' : (record?.state ?? 'unknown'),
        closesAtMicros: record?.closesAtMicros,
      };
      throw new TreadleError('VOUCHER_CHANNEL_CLOSING', { detail: `Channel ${channelId} is ${data.state}`, data });
    }
    if (cumulativeWei > record.depositWei) {
      throw new TreadleError('VOUCHER_ABOVE_DEPOSIT', {
        detail: `The voucher promises ${cumulativeWei} wei, the deposit is ${record.depositWei} wei`,
        data: { channelId, cumulativeWei: `${cumulativeWei}`, depositWei: `${record.depositWei}` },
      });
    }
  }

  async function checkPayment(payment: Payment, voucher: Voucher): Promise<void> {
    const match = await matches.read(payment.taskId, (seen) => seen.node === payment.node);
    const reason = paymentFault(payment, match) ?? judge(payment, match, voucher);
    if (reason !== undefined)
      throw new TreadleError('VOUCHER_WRONG_PAYMENT', { detail: reason, data: { taskId: payment.taskId } });
  }

  async function receive({ voucher, payments }: VoucherMessage): Promise<readonly BookedPayment[]> {
    if (!voucherIsValid(chain, voucher)) {
      metrics.count('vouchers_forged_total');
      throw new TreadleError('VOUCHER_FORGED', {
        data: { channelId: chain.idOf(voucher.channel), payer: voucher.channel.payer },
      });
    }
    const news = payments.filter((payment) => book.payment(payment.taskId) === undefined);
    if (news.length > 0) {
      await checkChannel(voucher);
      for (const payment of news) await checkPayment(payment, voucher);
      checkTakable(voucher);
    }
    const known = new Set(payments.filter(({ taskId }) => book.payment(taskId) !== undefined).map(({ taskId }) => taskId));
    const booked = book.accept(journal, voucher, payments);
    // Repeats wait as well: the first copy may not be on disk yet.
    await journal.durable();
    const fresh = booked.filter(({ taskId }) => !known.has(taskId));
    if (fresh.length > 0) metrics.count('vouchers_accepted_total');
    for (const payment of fresh) dependencies.accepted?.(payment);
    const channelId = chain.idOf(voucher.channel);
    if (unclaimedWei(channelId) >= policy.claimThresholdWei) {
      claim(channelId).catch((error: unknown) => log.warn('claim_failed', { channelId, error: String(error) }));
    }
    return booked;
  }

  return {
    receive,
    receipt: ({ taskId, amountWei, channel, cumulativeWei }) =>
      signReceipt(chain.domain, key, { taskId, amountWei, channelId: chain.idOf(channel), cumulativeWei }),
    claim,
    async claimAll() {
      let made = 0;
      for (const { channelId, best } of [...book.channels()]) {
        await view.refresh(best.channel);
        if (unclaimedWei(channelId) <= 0n) continue;
        await claim(channelId);
        made++;
      }
      return made;
    },
    async close(channelId) {
      if (book.channel(channelId) === undefined) throw unknownChannel(channelId, "is not in this node's book");
      book.end(journal, channelId);
      await journal.durable();
      await end(channelId);
    },
    tidy(channel) {
      const record = view.peek(chain.idOf(channel));
      if (record?.state === 'closed') closed(record);
    },
    async resume() {
      for (const { channelId, best } of [...book.channels()]) {
        const record = await view.refresh(best.channel);
        if (record?.state === 'closed') closed(record);
        if (record?.state === 'closing') rescue(channelId);
        if (record?.state !== 'closed' && book.channel(channelId)?.ending === true) void end(channelId);
      }
    },
    stop() {
      stopped = true;
      view.close();
    },
  };
}

function unknownChannel(channelId: Hex, what: string): TreadleError {
  return new TreadleError('VOUCHER_CHANNEL_UNKNOWN', { detail: `Channel ${channelId} ${what}`, data: { channelId } });
}

function paymentFault(payment: Payment, match: Match): string | undefined {
  if (match.node !== payment.node) return `Task ${payment.taskId} was matched to ${match.node}, not to ${payment.node}`;
  if (match.priceWei !== payment.amountWei) return `Task ${payment.taskId} costs ${match.priceWei} wei, not ${payment.amountWei}`;
  if (match.state === 'failed') return `Task ${payment.taskId} failed on every node: nothing is owed`;
  return undefined;
}
