import type { Input } from '@ethereumjs/rlp';
import type { ChannelKey } from '../../contracts/index.ts';
import { fromHex, type Hex, type RlpReader } from '../../crypto/index.ts';
import { invariant, TreadleError } from '../../errors.ts';
import { CHANNELS_MAX, PAYMENTS_KEPT_PER_CHANNEL } from '../../limits.ts';
import type { Voucher } from '../ports/index.ts';
import type { Journal, JournalSection } from './journal.ts';
import type { Payment, Receipt } from './receipt.ts';
import {
  type PaymentStage,
  paymentItems,
  readPayment,
  readReceiptItems,
  readVoucher,
  receiptItems,
  voucherItems,
} from './voucher-messages.ts';

/** A payment that the book holds. */
export interface BookedPayment extends Payment {
  readonly channel: ChannelKey;
  /** The cumulative amount of the channel that this payment completed. */
  readonly cumulativeWei: bigint;
  readonly stage: PaymentStage;
  readonly edgeReceipt?: Receipt;
  /** Place in the journal: the payment may be acted upon once that is durable. */
  readonly place: number;
}

/** What a payee holds of one channel. */
export interface BookedChannel {
  readonly channelId: Hex;
  readonly best: Voucher;
  /** The payee is closing it with the best voucher so far: a later one would be worth nothing. */
  readonly ending: boolean;
  readonly payments: ReadonlyMap<Hex, BookedPayment>;
}

/**
 * The best voucher of each channel to this payee, and the payments it covers. Everything changes in memory at once and
 * is on disk when the journal says so; nothing may be acknowledged earlier.
 */
export interface PayeeBook {
  readonly section: JournalSection;
  /** All that was ever promised to this payee, in all channels. */
  readonly receivedWei: bigint;
  channels(): IterableIterator<BookedChannel>;
  channel(channelId: Hex): BookedChannel | undefined;
  payment(taskId: Hex): BookedPayment | undefined;
  /**
   * Takes a voucher whose signature, channel and payments have been checked.
   * Returns the payments it covers as booked.
   * @throws TreadleError VOUCHER_NOT_INCREASING | VOUCHER_WRONG_PAYMENT | CHANNEL_TOO_MANY
   */
  accept(journal: Journal, voucher: Voucher, payments: readonly Payment[]): readonly BookedPayment[];
  /** Moves a payment on. */
  mark(journal: Journal, taskId: Hex, stage: PaymentStage, edgeReceipt?: Receipt): void;
  /** Notes that this payee closes a channel: no further vouchers. */
  end(journal: Journal, channelId: Hex): void;
  /** Forgets a channel that is closed. */
  forget(journal: Journal, channelId: Hex): void;
}

interface MutableChannel {
  readonly channelId: Hex;
  best: Voucher;
  ending: boolean;
  readonly payments: Map<Hex, BookedPayment>;
}

const RECORD = { accept: 1, mark: 2, forget: 3, total: 4, channel: 5, end: 6 } as const;
const STAGES: readonly PaymentStage[] = ['received', 'forwarding', 'delivered'];

export interface PayeeBookOptions {
  readonly tag: number;
  readonly idOf: (channel: ChannelKey) => Hex;
  /** What the payee keeps of each payment, on top of its amount. */
  readonly feeWei: bigint;
  /** What a new payment is: `received` for a proxy, which passes it on; `delivered` for an edge node, where it ends. */
  readonly firstStage: 'received' | 'delivered';
}

export function createPayeeBook(options: PayeeBookOptions): PayeeBook {
  const channels = new Map<Hex, MutableChannel>();
  const payments = new Map<Hex, BookedPayment>();
  let receivedWei = 0n;

  function put(channel: MutableChannel, payment: BookedPayment): BookedPayment {
    channel.payments.set(payment.taskId, payment);
    payments.set(payment.taskId, payment);
    return payment;
  }

  function due(fresh: readonly Payment[]): bigint {
    return fresh.reduce((total, payment) => total + payment.amountWei + options.feeWei, 0n);
  }

  /** Old payments go once they are delivered: a late repeat of one fails the "strictly increasing" rule. */
  function trim(channel: MutableChannel): void {
    for (const payment of channel.payments.values()) {
      if (channel.payments.size <= PAYMENTS_KEPT_PER_CHANNEL) return;
      if (payment.stage !== 'delivered') continue;
      channel.payments.delete(payment.taskId);
      payments.delete(payment.taskId);
    }
  }

  function applyAccept(voucher: Voucher, fresh: readonly Payment[], place: number): BookedPayment[] {
    const channelId = options.idOf(voucher.channel);
    const known = channels.get(channelId);
    const channel: MutableChannel = known ?? { channelId, best: voucher, ending: false, payments: new Map() };
    channels.set(channelId, channel);
    receivedWei += voucher.cumulativeWei - (known?.best.cumulativeWei ?? 0n);
    channel.best = voucher;
    let cumulativeWei = voucher.cumulativeWei - due(fresh);
    const booked = fresh.map((payment) => {
      cumulativeWei += payment.amountWei + options.feeWei;
      return put(channel, { ...payment, channel: voucher.channel, cumulativeWei, stage: options.firstStage, place });
    });
    trim(channel);
    return booked;
  }

  function applyMark(taskId: Hex, stage: PaymentStage, edgeReceipt: Receipt | undefined): void {
    const payment = payments.get(taskId);
    if (payment === undefined) return;
    const channel = channels.get(options.idOf(payment.channel));
    invariant(channel !== undefined, 'a booked payment belongs to a booked channel', { taskId });
    put(channel, { ...payment, stage, ...(edgeReceipt && { edgeReceipt }) });
    trim(channel);
  }

  function applyEnd(channelId: Hex): void {
    const channel = channels.get(channelId);
    if (channel !== undefined) channel.ending = true;
  }

  function applyForget(channelId: Hex): void {
    for (const taskId of channels.get(channelId)?.payments.keys() ?? []) payments.delete(taskId);
    channels.delete(channelId);
  }

  function known(payment: Payment, channelId: Hex): boolean {
    const booked = payments.get(payment.taskId);
    if (booked === undefined) return false;
    const same =
      options.idOf(booked.channel) === channelId && booked.node === payment.node && booked.amountWei === payment.amountWei;
    if (!same) {
      throw new TreadleError('VOUCHER_WRONG_PAYMENT', {
        detail: `Task ${payment.taskId} is paid already, on another channel, to another node or with another amount`,
        data: { taskId: payment.taskId },
      });
    }
    return true;
  }

  function check(channelId: Hex, voucher: Voucher, fresh: readonly Payment[]): void {
    const channel = channels.get(channelId);
    const bestWei = channel?.best.cumulativeWei ?? 0n;
    const { cumulativeWei } = voucher;
    if (fresh.length === 0) {
      const repeat =
        cumulativeWei === bestWei ||
        [...(channel?.payments.values() ?? [])].some((payment) => payment.cumulativeWei === cumulativeWei);
      if (!repeat) throw notIncreasing(cumulativeWei, bestWei);
      return;
    }
    if (cumulativeWei <= bestWei) throw notIncreasing(cumulativeWei, bestWei);
    if (due(fresh) > cumulativeWei - bestWei) {
      throw new TreadleError('VOUCHER_WRONG_PAYMENT', {
        detail: `The voucher adds ${cumulativeWei - bestWei} wei for payments and fees of ${due(fresh)} wei`,
        data: { addedWei: `${cumulativeWei - bestWei}`, dueWei: `${due(fresh)}` },
      });
    }
    if (channel === undefined && channels.size >= CHANNELS_MAX) throw new TreadleError('CHANNEL_TOO_MANY');
  }

  const section: JournalSection = {
    tag: options.tag,
    replay(record) {
      const kind = record.integer('kind', 6);
      if (kind === RECORD.accept) applyAccept(readVoucher(record), record.list('payments', Infinity).map(readPayment), 0);
      else if (kind === RECORD.mark) replayMark(record, applyMark);
      else if (kind === RECORD.forget) applyForget(record.hash('channel id'));
      else if (kind === RECORD.total) receivedWei = record.uint('received');
      else if (kind === RECORD.channel) replayChannel(record);
      else if (kind === RECORD.end) applyEnd(record.hash('channel id'));
      record.end();
    },
    snapshot: () => [...[...channels.values()].map(channelRecord), [BigInt(RECORD.total), receivedWei]],
  };

  function replayChannel(record: RlpReader): void {
    const best = readVoucher(record);
    const channel: MutableChannel = { channelId: options.idOf(best.channel), best, ending: false, payments: new Map() };
    channels.set(channel.channelId, channel);
    for (const item of record.list('payments', Infinity)) {
      const cumulativeWei = item.uint('cumulative amount');
      const stage = STAGES[item.integer('stage', 2)] as PaymentStage;
      const [edge] = item.list('edge receipt', 1);
      const payment = readPayment(item);
      const edgeReceipt = edge && readReceiptItems(edge);
      put(channel, { ...payment, channel: best.channel, cumulativeWei, stage, place: 0, ...(edgeReceipt && { edgeReceipt }) });
    }
    channel.ending = record.integer('ending', 1) === 1;
  }

  return {
    section,
    get receivedWei() {
      return receivedWei;
    },
    channels: () => channels.values(),
    channel: (channelId) => channels.get(channelId),
    payment: (taskId) => payments.get(taskId),
    accept(journal, voucher, covered) {
      const channelId = options.idOf(voucher.channel);
      const fresh = covered.filter((payment) => !known(payment, channelId));
      // Looked up before the voucher is applied: applying it may let go of the oldest delivered payments.
      const result = new Map(covered.map((payment) => [payment.taskId, payments.get(payment.taskId)]));
      if (result.size !== covered.length)
        throw new TreadleError('VOUCHER_WRONG_PAYMENT', { detail: 'The voucher names one task twice' });
      check(channelId, voucher, fresh);
      if (fresh.length > 0) {
        const place = journal.append(section, [BigInt(RECORD.accept), ...voucherItems(voucher), fresh.map(paymentItems)]);
        for (const payment of applyAccept(voucher, fresh, place)) result.set(payment.taskId, payment);
      }
      return [...result.values()] as BookedPayment[];
    },
    mark(journal, taskId, stage, edgeReceipt) {
      journal.append(section, [
        BigInt(RECORD.mark),
        fromHex(taskId),
        BigInt(STAGES.indexOf(stage)),
        edgeReceipt === undefined ? [] : [receiptItems(edgeReceipt)],
      ]);
      applyMark(taskId, stage, edgeReceipt);
    },
    end(journal, channelId) {
      if (channels.get(channelId)?.ending !== false) return;
      journal.append(section, [BigInt(RECORD.end), fromHex(channelId)]);
      applyEnd(channelId);
    },
    forget(journal, channelId) {
      if (!channels.has(channelId)) return;
      journal.append(section, [BigInt(RECORD.forget), fromHex(channelId)]);
      applyForget(channelId);
    },
  };
}

function replayMark(
  record: RlpReader,
  apply: (taskId: Hex, stage: PaymentStage, edgeReceipt: Receipt | undefined) => void,
): void {
  const taskId = record.hash('task id');
  const stage = STAGES[record.integer('stage', 2)] as PaymentStage;
  const [edge] = record.list('edge receipt', 1);
  apply(taskId, stage, edge && readReceiptItems(edge));
}

function channelRecord(channel: BookedChannel): Input[] {
  const items = [...channel.payments.values()].map(
    (payment): Input => [
      payment.cumulativeWei,
      BigInt(STAGES.indexOf(payment.stage)),
      payment.edgeReceipt === undefined ? [] : [receiptItems(payment.edgeReceipt)],
      ...paymentItems(payment),
    ],
  );
  return [BigInt(RECORD.channel), ...voucherItems(channel.best), items, channel.ending ? 1n : 0n];
}

function notIncreasing(cumulativeWei: bigint, bestWei: bigint): TreadleError {
  return new TreadleError('VOUCHER_NOT_INCREASING', {
    detail: `The voucher is worth ${cumulativeWei} wei, the best so far ${bestWei} wei`,
    data: { cumulativeWei: `${cumulativeWei}`, bestWei: `${bestWei}` },
  });
}
