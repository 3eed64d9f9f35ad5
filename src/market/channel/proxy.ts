import type { Address, Hex, NodeKey } from '../../crypto/index.ts';
import type { Contact, Environment, Micros } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { PAYMENTS_PER_VOUCHER_MAX } from '../../limits.ts';
import type { ChannelChain, MatchReader } from '../ports/index.ts';
import { createForwarder } from './forwarder.ts';
import { openJournal } from './journal.ts';
import { createPayee, type Payee, type PayeePolicy } from './payee.ts';
import { type BookedPayment, createPayeeBook, type PayeeBook } from './payee-book.ts';
import { createPayer, type Payer, type PayerPolicy } from './payer.ts';
import { createPayerBook, type PayerBook } from './payer-book.ts';
import { decodeVoucherMessage, encodeVoucherAnswer, type PaymentAnswer, VOUCHER_PROTOCOL } from './voucher-messages.ts';

/**
 * The proxy's policy. It needs a float: one deposit per edge node, filled from its own account, and claims on the
 * devices' channels to fill that again.
 */
export interface ProxyPolicy extends PayeePolicy, Omit<PayerPolicy, 'feeWei' | 'undeliveredMax'> {
  /** What the proxy keeps of each payment, on top of the price. Default 0: devices and edge nodes see equal amounts. */
  readonly feeWei?: bigint;
  /** How long a device's request waits for the edge node's receipt before it is told "forwarding". Default 5 s. */
  readonly patienceMicros?: Micros;
}

export interface ProxyDependencies {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly chain: ChannelChain;
  readonly matches: MatchReader;
  readonly contactOf: (node: Address) => Promise<Contact | undefined>;
}

/** The broker between devices and edge nodes: what it receives for a task it promises to the node that the chain matched. */
export interface PaymentProxy {
  readonly payee: Payee;
  readonly payer: Payer;
  readonly received: PayeeBook;
  readonly promised: PayerBook;
  /** Pays onward what a restart interrupted; call once, when the node is connected. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

const PATIENCE_MICROS = 5_000_000;
const RECEIVED_TAG = 1;
const PROMISED_TAG = 2;

/** Opens the proxy's journal and answers `voucher/1`. Both books share the journal, so what was received is on disk before what was promised. */
export async function createProxy(policy: ProxyPolicy, dependencies: ProxyDependencies): Promise<PaymentProxy> {
  const { environment, key, chain, matches } = dependencies;
  const received = createPayeeBook({ tag: RECEIVED_TAG, idOf: chain.idOf, feeWei: policy.feeWei ?? 0n, firstStage: 'received' });
  const promised = createPayerBook({ tag: PROMISED_TAG, idOf: chain.idOf });
  const journal = await openJournal(environment.disk, 'vouchers-proxy', [received.section, promised.section]);
  const payee = createPayee(policy, {
    environment,
    key,
    chain,
    matches,
    journal,
    book: received,
    judge: (payment, match, voucher) => {
      if (match.device !== voucher.channel.payer) return `Task ${payment.taskId} belongs to ${match.device}, not to the payer`;
      checkRoom(received, chain.idOf(voucher.channel));
      return undefined;
    },
  });
  const payer = createPayer(
    { ...policy, feeWei: 0n, undeliveredMax: PAYMENTS_PER_VOUCHER_MAX },
    { environment, key, chain, journal, book: promised, contactOf: dependencies.contactOf },
  );
  const patienceMicros = policy.patienceMicros ?? PATIENCE_MICROS;
  const forwarder = createForwarder({ environment, journal, received, promised, payee, payer, patienceMicros });

  environment.network.onRequest(VOUCHER_PROTOCOL, async (_from, body) => {
    const message = decodeVoucherMessage(body);
    const booked = await payee.receive(message);
    await Promise.all(booked.map((payment) => forwarder.forward(payment)));
    await journal.durable();
    return encodeVoucherAnswer(booked.map((payment) => answer(payee, received, payment)));
  });

  return {
    payee,
    payer,
    received,
    promised,
    async resume() {
      await payee.resume();
      await payer.resume();
      for (const channel of [...received.channels()]) {
        for (const payment of channel.payments.values()) {
          if (payment.stage === 'received') void forwarder.forward(payment);
        }
      }
    },
    async stop() {
      payee.stop();
      payer.stop();
      forwarder.stop();
      await journal.close();
    },
  };
}

/** A device whose payments do not get through holds up itself alone. */
function checkRoom(received: PayeeBook, channelId: Hex): void {
  const payments = received.channel(channelId)?.payments.values() ?? [];
  const waiting = [...payments].filter((payment) => payment.stage !== 'delivered').length;
  if (waiting < PAYMENTS_PER_VOUCHER_MAX) return;
  throw new TreadleError('VOUCHER_FORWARDING_FULL', {
    detail: `${waiting} payments of channel ${channelId} wait for edge nodes`,
    data: { channelId, waiting },
  });
}

function answer(payee: Payee, received: PayeeBook, payment: BookedPayment): PaymentAnswer {
  const { stage, edgeReceipt } = received.payment(payment.taskId) ?? payment;
  return { receipt: payee.receipt(payment), stage, ...(edgeReceipt && { edgeReceipt }) };
}
