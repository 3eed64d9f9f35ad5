import type { Input } from '@ethereumjs/rlp';
import type { ChannelKey } from '../../contracts/index.ts';
import { type Address, fromHex, type Hex, type RlpReader } from '../../crypto/index.ts';
import { invariant, TreadleError } from '../../errors.ts';
import { CHANNELS_MAX, PAYMENTS_KEPT_PER_CHANNEL, PAYMENTS_PER_VOUCHER_MAX, PAYMENTS_SETTLED_KEPT } from '../../limits.ts';
import type { Voucher } from '../ports/index.ts';
import type { Journal, JournalSection } from './journal.ts';
import type { Payment, Receipt } from './receipt.ts';
import {
  channelItems,
  paymentItems,
  readChannel,
  readPayment,
  readReceiptItems,
  readVoucher,
  receiptItems,
  voucherItems,
} from './voucher-messages.ts';

/**
 * How far a payment has come, as the payer knows: `sent` = signed, nothing heard; then the payee's stages; `refused` =
 * the payee will never take it; `settled` = the channel closed with it paid out, though no receipt came.
 */
export type SentStage = 'sent' | 'received' | 'forwarding' | 'delivered' | 'refused' | 'settled';
const STAGES: readonly SentStage[] = ['sent', 'received', 'forwarding', 'delivered', 'refused', 'settled'];
const FINAL: ReadonlySet<SentStage> = new Set(['delivered', 'refused', 'settled']);

export interface SentPayment extends Payment {
  readonly channel: ChannelKey;
  /** The cumulative amount of the voucher that was signed for it. */
  readonly cumulativeWei: bigint;
  readonly stage: SentStage;
  /** From the edge node: the proof that it was paid. */
  readonly edgeReceipt?: Receipt;
}

/** What a payer remembers of one channel. */
export interface SentChannel {
  readonly channelId: Hex;
  readonly key: ChannelKey;
  /** Highest cumulative amount ever signed. */
  readonly sentWei: bigint;
  readonly best: Voucher | undefined;
  /** No new payments: the payer is closing it. */
  readonly retired: boolean;
  readonly payments: ReadonlyMap<Hex, SentPayment>;
}

/**
 * What a payer has signed. A voucher is written before it is sent, so a restart never signs below an amount that a
 * payee may hold already. A nonce is written before its channel is opened, so an opening that a crash interrupts is
 * found again instead of being paid twice.
 */
export interface PayerBook {
  readonly section: JournalSection;
  /** All that is promised: signed in live channels, paid out in closed ones. */
  readonly promisedWei: bigint;
  channels(): IterableIterator<SentChannel>;
  channel(channelId: Hex): SentChannel | undefined;
  /** The channel for new payments to this payee. */
  current(payee: Address): SentChannel | undefined;
  payment(taskId: Hex): SentPayment | undefined;
  /** Payments of a channel that have not reached their edge node, oldest first. */
  undelivered(channelId: Hex): readonly SentPayment[];
  /** Payments whose channel closed without them: they are to be signed again elsewhere. */
  orphans(): readonly (Payment & { readonly payee: Address })[];
  /** Notes a channel that is about to be opened. @throws TreadleError CHANNEL_TOO_MANY */
  intend(journal: Journal, key: ChannelKey): void;
  /** Notes a signed voucher that covers one more payment. @throws TreadleError CHANNEL_FULL */
  sign(journal: Journal, voucher: Voucher, payment: Payment): void;
  answer(journal: Journal, taskId: Hex, stage: SentStage, edgeReceipt?: Receipt): void;
  retire(journal: Journal, channelId: Hex): void;
  /** Forgets a closed channel; payments beyond `claimedWei` that were not delivered become orphans. */
  close(journal: Journal, channelId: Hex, claimedWei: bigint): void;
}

interface MutableChannel {
  readonly channelId: Hex;
  readonly key: ChannelKey;
  best: Voucher | undefined;
  sentWei: bigint;
  retired: boolean;
  readonly payments: Map<Hex, SentPayment>;
}

type Orphan = Payment & { readonly payee: Address };

const RECORD = { intend: 1, sign: 2, answer: 3, retire: 4, close: 5, total: 6, channel: 7, orphan: 8, settled: 9 } as const;

export function createPayerBook(options: { readonly tag: number; readonly idOf: (channel: ChannelKey) => Hex }): PayerBook {
  const channels = new Map<Hex, MutableChannel>();
  const current = new Map<Address, MutableChannel>();
  const payments = new Map<Hex, SentPayment>();
  const orphans = new Map<Hex, Orphan>();
  /** Payments of channels that are closed: they stay known, lest they be paid again. */
  const settled = new Map<Hex, SentPayment>();
  let promisedWei = 0n;

  function put(channel: MutableChannel, payment: SentPayment): void {
    channel.payments.set(payment.taskId, payment);
    payments.set(payment.taskId, payment);
  }

  function trim(channel: MutableChannel): void {
    for (const payment of channel.payments.values()) {
      if (channel.payments.size <= PAYMENTS_KEPT_PER_CHANNEL) return;
      if (!FINAL.has(payment.stage)) continue;
      channel.payments.delete(payment.taskId);
      payments.delete(payment.taskId);
    }
  }

  function applyIntend(key: ChannelKey): MutableChannel {
    const channelId = options.idOf(key);
    const channel: MutableChannel = { channelId, key, best: undefined, sentWei: 0n, retired: false, payments: new Map() };
    channels.set(channelId, channel);
    current.set(key.payee, channel);
    return channel;
  }

  function applySign(voucher: Voucher, payment: Payment): void {
    const channel = channels.get(options.idOf(voucher.channel));
    invariant(channel !== undefined, 'a voucher is signed on a noted channel');
    invariant(voucher.cumulativeWei > channel.sentWei, 'a payer signs only above what it has signed', {
      channelId: channel.channelId,
    });
    promisedWei += voucher.cumulativeWei - channel.sentWei;
    channel.sentWei = voucher.cumulativeWei;
    channel.best = voucher;
    orphans.delete(payment.taskId);
    put(channel, { ...payment, channel: channel.key, cumulativeWei: voucher.cumulativeWei, stage: 'sent' });
    trim(channel);
  }

  function applyAnswer(taskId: Hex, stage: SentStage, edgeReceipt: Receipt | undefined): void {
    const payment = payments.get(taskId);
    const channel = payment && channels.get(options.idOf(payment.channel));
    if (payment === undefined || channel === undefined) return;
    put(channel, { ...payment, stage, ...(edgeReceipt && { edgeReceipt }) });
    trim(channel);
  }

  function applyRetire(channelId: Hex): void {
    const channel = channels.get(channelId);
    if (channel === undefined) return;
    channel.retired = true;
    if (current.get(channel.key.payee) === channel) current.delete(channel.key.payee);
  }

  function applyClose(channelId: Hex, claimedWei: bigint): void {
    const channel = channels.get(channelId);
    if (channel === undefined) return;
    applyRetire(channelId);
    channels.delete(channelId);
    promisedWei -= channel.sentWei - claimedWei;
    for (const payment of channel.payments.values()) {
      const { taskId, node, amountWei, cumulativeWei, stage } = payment;
      payments.delete(taskId);
      if (FINAL.has(stage)) settle(payment);
      else if (cumulativeWei <= claimedWei) settle({ ...payment, stage: 'settled' });
      else orphans.set(taskId, { taskId, node, amountWei, payee: channel.key.payee });
    }
  }

  function settle(payment: SentPayment): void {
    settled.set(payment.taskId, payment);
    if (settled.size > PAYMENTS_SETTLED_KEPT) settled.delete(settled.keys().next().value as Hex);
  }

  function undelivered(channelId: Hex): SentPayment[] {
    return [...(channels.get(channelId)?.payments.values() ?? [])].filter((payment) => !FINAL.has(payment.stage));
  }

  const section: JournalSection = {
    tag: options.tag,
    replay(record) {
      const kind = record.integer('kind', 9);
      if (kind === RECORD.intend) applyIntend(readChannel(record));
      else if (kind === RECORD.sign) applySign(readVoucher(record), readPayment(record.sublist('payment')));
      else if (kind === RECORD.answer) replayAnswer(record, applyAnswer);
      else if (kind === RECORD.retire) applyRetire(record.hash('channel id'));
      else if (kind === RECORD.close) applyClose(record.hash('channel id'), record.uint('claimed'));
      else if (kind === RECORD.total) promisedWei = record.uint('promised');
      else if (kind === RECORD.channel) replayChannel(record);
      else if (kind === RECORD.orphan) replayOrphan(record);
      else if (kind === RECORD.settled) settle({ channel: readChannel(record), ...readSentPayment(record.sublist('payment')) });
      record.end();
    },
    snapshot: () => [
      ...[...channels.values()].map(channelRecord),
      ...[...orphans.values()].map((orphan): Input[] => [BigInt(RECORD.orphan), fromHex(orphan.payee), paymentItems(orphan)]),
      ...[...settled.values()].map((payment): Input[] => [
        BigInt(RECORD.settled),
        ...channelItems(payment.channel),
        sentItems(payment),
      ]),
      [BigInt(RECORD.total), promisedWei],
    ],
  };

  function replayChannel(record: RlpReader): void {
    const channel = applyIntend(readChannel(record));
    const [best] = record.list('best voucher', 1);
    channel.best = best && readVoucher(best);
    channel.sentWei = channel.best?.cumulativeWei ?? 0n;
    for (const item of record.list('payments', Infinity)) put(channel, { channel: channel.key, ...readSentPayment(item) });
    if (record.integer('retired', 1) === 1) applyRetire(channel.channelId);
  }

  function replayOrphan(record: RlpReader): void {
    const payee = record.address('payee');
    const orphan = { ...readPayment(record.sublist('payment')), payee };
    orphans.set(orphan.taskId, orphan);
  }

  return {
    section,
    get promisedWei() {
      return promisedWei;
    },
    channels: () => channels.values(),
    channel: (channelId) => channels.get(channelId),
    current: (payee) => current.get(payee),
    payment: (taskId) => payments.get(taskId) ?? settled.get(taskId),
    undelivered,
    orphans: () => [...orphans.values()],
    intend(journal, key) {
      invariant(!channels.has(options.idOf(key)), 'a nonce is used once');
      if (channels.size >= CHANNELS_MAX) throw new TreadleError('CHANNEL_TOO_MANY');
      journal.append(section, [BigInt(RECORD.intend), ...channelItems(key)]);
      applyIntend(key);
    },
    sign(journal, voucher, payment) {
      invariant(!payments.has(payment.taskId) && !settled.has(payment.taskId), 'a task is paid once', { taskId: payment.taskId });
      const waiting = undelivered(options.idOf(voucher.channel)).length;
      if (waiting >= PAYMENTS_PER_VOUCHER_MAX) {
        throw new TreadleError('CHANNEL_FULL', {
          detail: `${waiting} payments to ${voucher.channel.payee} wait for an acknowledgement`,
        });
      }
      applySign(voucher, payment);
      journal.append(section, [BigInt(RECORD.sign), ...voucherItems(voucher), paymentItems(payment)]);
    },
    answer(journal, taskId, stage, edgeReceipt) {
      const receipt = edgeReceipt === undefined ? [] : [receiptItems(edgeReceipt)];
      journal.append(section, [BigInt(RECORD.answer), fromHex(taskId), BigInt(STAGES.indexOf(stage)), receipt]);
      applyAnswer(taskId, stage, edgeReceipt);
    },
    retire(journal, channelId) {
      if (channels.get(channelId)?.retired !== false) return;
      journal.append(section, [BigInt(RECORD.retire), fromHex(channelId)]);
      applyRetire(channelId);
    },
    close(journal, channelId, claimedWei) {
      if (!channels.has(channelId)) return;
      journal.append(section, [BigInt(RECORD.close), fromHex(channelId), claimedWei]);
      applyClose(channelId, claimedWei);
    },
  };
}

function replayAnswer(record: RlpReader, apply: (taskId: Hex, stage: SentStage, edgeReceipt: Receipt | undefined) => void): void {
  const taskId = record.hash('task id');
  const stage = STAGES[record.integer('stage', STAGES.length - 1)] as SentStage;
  const [edge] = record.list('edge receipt', 1);
  apply(taskId, stage, edge && readReceiptItems(edge));
}

function sentItems(payment: SentPayment): Input[] {
  const receipt = payment.edgeReceipt === undefined ? [] : [receiptItems(payment.edgeReceipt)];
  return [payment.cumulativeWei, BigInt(STAGES.indexOf(payment.stage)), receipt, ...paymentItems(payment)];
}

/** Reads a whole list as a payment without its channel. */
function readSentPayment(reader: RlpReader): Omit<SentPayment, 'channel'> {
  const cumulativeWei = reader.uint('cumulative amount');
  const stage = STAGES[reader.integer('stage', STAGES.length - 1)] as SentStage;
  const [edge] = reader.list('edge receipt', 1);
  const edgeReceipt = edge && readReceiptItems(edge);
  return { ...readPayment(reader), cumulativeWei, stage, ...(edgeReceipt && { edgeReceipt }) };
}

function channelRecord(channel: SentChannel): Input[] {
  const best = channel.best === undefined ? [] : [voucherItems(channel.best)];
  const items = [...channel.payments.values()].map(sentItems);
  return [BigInt(RECORD.channel), ...channelItems(channel.key), best, items, channel.retired ? 1n : 0n];
}
