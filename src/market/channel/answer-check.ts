import type { SigningDomain } from '../../contracts/index.ts';
import type { Hex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import type { Voucher } from '../ports/index.ts';
import type { Payment } from './receipt.ts';
import { type Receipt, receiptIsValid } from './receipt.ts';
import type { PaymentAnswer } from './voucher-messages.ts';

/** The question that answers belong to. */
export interface AskedVoucher {
  readonly channelId: Hex;
  readonly voucher: Voucher;
  readonly payments: readonly Payment[];
}

/**
 * Checks what a payee answered: every receipt must be its own, for a payment that was asked about and this channel; a
 * proxy that claims delivery must show the receipt of the very edge node that the chain matched.
 *
 * @throws TreadleError VOUCHER_RECEIPT_FORGED, or VOUCHER_MISDIRECTED when the proxy shows another node's receipt
 */
export function checkAnswers(domain: SigningDomain, asked: AskedVoucher, answers: readonly PaymentAnswer[]): void {
  const payee = asked.voucher.channel.payee;
  for (const { receipt, stage, edgeReceipt } of answers) {
    const payment = asked.payments.find((candidate) => candidate.taskId === receipt.taskId);
    const forged = (detail: string) =>
      new TreadleError('VOUCHER_RECEIPT_FORGED', { detail, data: { payee, taskId: receipt.taskId } });
    if (payment === undefined) throw forged(`${payee} acknowledges a payment that it was not asked about`);
    const agrees = receipt.payee === payee && receipt.channelId === asked.channelId && receipt.amountWei === payment.amountWei;
    if (!agrees || receipt.cumulativeWei > asked.voucher.cumulativeWei || !receiptIsValid(domain, receipt)) {
      throw forged(`the acknowledgement of ${payee} is not valid`);
    }
    if (payment.node === payee) {
      if (stage !== 'delivered') throw forged(`the edge node ${payee} says that it still forwards a payment to itself`);
    } else if (edgeReceipt !== undefined) {
      checkEdgeReceipt(domain, payment, edgeReceipt, payee);
    } else if (stage === 'delivered') {
      throw forged(`${payee} claims delivery without the edge node's receipt`);
    }
  }
}

function checkEdgeReceipt(domain: SigningDomain, payment: Payment, receipt: Receipt, proxy: string): void {
  if (receipt.payee !== payment.node) {
    throw new TreadleError('VOUCHER_MISDIRECTED', {
      detail: `Task ${payment.taskId} was matched to ${payment.node}, and the proxy ${proxy} paid ${receipt.payee}`,
      data: { taskId: payment.taskId, matched: payment.node, paid: receipt.payee, proxy },
    });
  }
  if (receipt.taskId !== payment.taskId || receipt.amountWei !== payment.amountWei || !receiptIsValid(domain, receipt)) {
    throw new TreadleError('VOUCHER_RECEIPT_FORGED', {
      detail: `the proxy ${proxy} shows an invalid receipt of ${payment.node}`,
      data: { taskId: payment.taskId, proxy },
    });
  }
}
