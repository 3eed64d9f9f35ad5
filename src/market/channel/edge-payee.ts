import type { Hex, NodeKey } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import type { ChannelChain, MatchReader } from '../ports/index.ts';
import { openJournal } from './journal.ts';
import { createPayee, type Payee, type PayeePolicy } from './payee.ts';
import { createPayeeBook, type PayeeBook } from './payee-book.ts';
import type { Payment } from './receipt.ts';
import { decodeVoucherMessage, encodeVoucherAnswer, VOUCHER_PROTOCOL } from './voucher-messages.ts';

export interface EdgePayeeDependencies {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly chain: ChannelChain;
  readonly matches: MatchReader;
  /** Called once for each payment, when it is on disk. */
  readonly paid: (payment: Payment) => void;
}

/** The receiving end: an edge node, paid by a proxy or by a device directly. */
export interface EdgePayee {
  readonly payee: Payee;
  readonly received: PayeeBook;
  /** True when a task's payment is on disk. */
  isPaid(taskId: Hex): boolean;
  stop(): Promise<void>;
}

/** Opens the edge node's journal and answers `voucher/1`. */
export async function createEdgePayee(policy: PayeePolicy, dependencies: EdgePayeeDependencies): Promise<EdgePayee> {
  const { environment, key, chain, matches, paid } = dependencies;
  const received = createPayeeBook({ tag: 1, idOf: chain.idOf, feeWei: 0n, firstStage: 'delivered' });
  const journal = await openJournal(environment.disk, 'vouchers-edge', [received.section]);
  const payee = createPayee(policy, {
    environment,
    key,
    chain,
    matches,
    journal,
    book: received,
    judge: (payment) => (payment.node === key.address ? undefined : `The payment is for ${payment.node}, not for this node`),
    accepted: paid,
  });
  environment.network.onRequest(VOUCHER_PROTOCOL, async (_from, body) => {
    const booked = await payee.receive(decodeVoucherMessage(body));
    return encodeVoucherAnswer(booked.map((payment) => ({ receipt: payee.receipt(payment), stage: payment.stage })));
  });
  return {
    payee,
    received,
    isPaid: (taskId) => received.payment(taskId) !== undefined,
    async stop() {
      payee.stop();
      await journal.close();
    },
  };
}
