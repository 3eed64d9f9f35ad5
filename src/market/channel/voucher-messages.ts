import { encode, type Input } from '@ethereumjs/rlp';
import type { ChannelKey } from '../../contracts/index.ts';
import { fromHex, type RlpReader, readRlp, SIGNATURE_BYTES } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { PAYMENTS_PER_VOUCHER_MAX } from '../../limits.ts';
import type { Voucher } from '../ports/index.ts';
import type { Payment, Receipt } from './receipt.ts';

/** The request protocol that carries vouchers, on both legs. */
export const VOUCHER_PROTOCOL = 'voucher/1';

/** A voucher with every payment that it covers and that has not reached its edge node yet, oldest first. */
export interface VoucherMessage {
  readonly voucher: Voucher;
  readonly payments: readonly Payment[];
}

/** `received`: on the payee's disk. `forwarding`: promised onward to the edge node. `delivered`: on the edge node's disk. */
export type PaymentStage = 'received' | 'forwarding' | 'delivered';
const STAGES: readonly PaymentStage[] = ['received', 'forwarding', 'delivered'];

/** The payee's answer for one payment. */
export interface PaymentAnswer {
  /** By the payee of the channel. */
  readonly receipt: Receipt;
  readonly stage: PaymentStage;
  /** By the edge node, once a proxy has delivered the payment; absent when the payee is the edge node itself. */
  readonly edgeReceipt?: Receipt;
}

export function encodeVoucherMessage({ voucher, payments }: VoucherMessage): Uint8Array {
  return encode([...voucherItems(voucher), payments.map(paymentItems)]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeVoucherMessage(bytes: Uint8Array): VoucherMessage {
  const reader = readRlp(bytes, 'voucher message');
  const voucher = readVoucher(reader);
  const payments = reader.list('payments', PAYMENTS_PER_VOUCHER_MAX).map(readPayment);
  reader.end();
  if (payments.length === 0) throw new TreadleError('MESSAGE_MALFORMED', { detail: 'voucher message: it covers no payment' });
  return { voucher, payments };
}

export function encodeVoucherAnswer(answers: readonly PaymentAnswer[]): Uint8Array {
  return encode([
    answers.map(({ receipt, stage, edgeReceipt }) => [
      receiptItems(receipt),
      BigInt(STAGES.indexOf(stage)),
      edgeReceipt === undefined ? [] : [receiptItems(edgeReceipt)],
    ]),
  ]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeVoucherAnswer(bytes: Uint8Array): PaymentAnswer[] {
  const reader = readRlp(bytes, 'voucher answer');
  const answers = reader.list('answers', PAYMENTS_PER_VOUCHER_MAX).map((item) => {
    const receipt = readReceipt(item);
    const stage = STAGES[item.integer('stage', STAGES.length - 1)] as PaymentStage;
    const [edge] = item.list('edge receipt', 1);
    item.end();
    return { receipt, stage, ...(edge && { edgeReceipt: readReceiptItems(edge) }) };
  });
  reader.end();
  return answers;
}

/** payer, payee, nonce, cumulative amount, signature. */
export function voucherItems({ channel, cumulativeWei, signature }: Voucher): Input[] {
  return [...channelItems(channel), cumulativeWei, signature];
}

export function readVoucher(reader: RlpReader): Voucher {
  return {
    channel: readChannel(reader),
    cumulativeWei: reader.uint('cumulative amount'),
    signature: reader.fixed('signature', SIGNATURE_BYTES),
  };
}

export function channelItems({ payer, payee, nonce }: ChannelKey): Input[] {
  return [fromHex(payer), fromHex(payee), nonce];
}

export function readChannel(reader: RlpReader): ChannelKey {
  return { payer: reader.address('payer'), payee: reader.address('payee'), nonce: reader.uint('nonce') };
}

export function paymentItems({ taskId, node, amountWei }: Payment): Input[] {
  return [fromHex(taskId), fromHex(node), amountWei];
}

/** Reads a whole list as a payment. */
export function readPayment(reader: RlpReader): Payment {
  const payment = { taskId: reader.hash('task id'), node: reader.address('edge node'), amountWei: reader.uint('amount') };
  reader.end();
  return payment;
}

export function receiptItems({ taskId, amountWei, channelId, cumulativeWei, payee, signature }: Receipt): Input[] {
  return [fromHex(taskId), amountWei, fromHex(channelId), cumulativeWei, fromHex(payee), signature];
}

function readReceipt(reader: RlpReader): Receipt {
  return readReceiptItems(reader.sublist('receipt'));
}

/** Reads a whole list as a receipt. */
export function readReceiptItems(reader: RlpReader): Receipt {
  const receipt = {
    taskId: reader.hash('task id'),
    amountWei: reader.uint('amount'),
    channelId: reader.hash('channel id'),
    cumulativeWei: reader.uint('cumulative amount'),
    payee: reader.address('payee'),
    signature: reader.fixed('signature', SIGNATURE_BYTES),
  };
  reader.end();
  return receipt;
}
