import type { Address, Hex } from '../crypto/index.ts';
import { INBOX_ADDRESS, OUTBOX_ADDRESS, SOURCE_HEADERS_ADDRESS } from './addresses.ts';
import type { CommitEvidence, LaneStateProof } from './commit-evidence.ts';
import type { DecodedEvent } from './contract-catalog.ts';
import { contractPort, type Executed, eventNamed, nameOf } from './contract-port.ts';
import { inboxArtifact } from './generated/inbox.ts';
import { outboxArtifact } from './generated/outbox.ts';
import { sourceHeadersArtifact } from './generated/source-headers.ts';
import { type Envelope, type MessageOutcome, messageOutcomes } from './lane-messages.ts';
import type { Delivery, LaneMessage, Settlement } from './lane-record.ts';
import type { BlockTag, LedgerClient } from './ledger-client.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';

/** How a lane that leaves a ledger stands. */
export interface OutgoingLane {
  /** Leaves of its tree, messages and receipts. */
  readonly size: bigint;
  readonly root: Hex;
  readonly sent: bigint;
  readonly open: bigint;
  /** What the storage holds of it. */
  readonly head: Hex;
}

/** How a lane that reaches a ledger stands. */
export interface IncomingLane {
  readonly epoch: bigint;
  /** The largest tree that is believed, and the height of the source at which it was seen; 0 = none. */
  readonly size: bigint;
  readonly height: bigint;
  /** Two roots for one size were shown. */
  readonly halted: boolean;
  /** The open request to the oracle; 0 = none. */
  readonly request: bigint;
}

/** What a ledger believes of another. */
export interface KnownLedger {
  readonly domain: Hex;
  readonly sealersHash: Hex;
  /** Zeros when only height and sealers are known. */
  readonly hash: Hex;
  readonly height: bigint;
  readonly timestamp: bigint;
  readonly trustingSeconds: number;
  readonly frozen: boolean;
}

export interface MessageState {
  readonly open: boolean;
  readonly outcome: MessageOutcome;
}

/** What was done in one transaction. */
export interface DoneMessages {
  readonly done: readonly { readonly nonce: bigint; readonly outcome: MessageOutcome }[];
  /** Nonces of those that were done already. */
  readonly skipped: readonly bigint[];
  readonly receipt: TransactionReceipt;
}

export interface SendRequest {
  readonly destination: bigint;
  readonly target: Address;
  readonly data: Hex;
  /** Seconds since the Unix epoch. */
  readonly expiresAt: bigint;
  readonly gas: number;
  readonly callbackGas?: number;
  readonly depositWei: bigint;
}

/** The Outbox in the words of the domain. Every method rejects as the ledger client's `call` or `transact` does. */
export interface OutboxClient {
  send(request: SendRequest): Promise<LaneMessage & { readonly transaction: TransactionReceipt }>;
  /** At most 64; those that have ended already are left out. */
  settle(settlements: readonly Settlement[], options?: { readonly gas?: bigint }): Promise<DoneMessages>;
  giveUp(envelope: Envelope): Promise<TransactionReceipt>;
  collect(): Promise<TransactionReceipt>;
  lane(destination: bigint, block?: BlockTag): Promise<OutgoingLane>;
  message(destination: bigint, nonce: bigint): Promise<MessageState>;
}

/** The Inbox in the words of the domain. */
export interface InboxClient {
  /** Asks this ledger's oracle for the root of a lane; size 0 = as many leaves as there are. */
  ask(wish: {
    readonly source: bigint;
    readonly size: bigint;
    readonly expiresAt: bigint;
    readonly feeWei: bigint;
  }): Promise<{ readonly request: bigint; readonly receipt: TransactionReceipt }>;
  syncRequest(source: bigint): Promise<TransactionReceipt>;
  commitByCertificate(source: bigint, evidence: CommitEvidence, proof: LaneStateProof): Promise<TransactionReceipt>;
  /** At most 64, in this order; stops where the lane's rate is used up. */
  execute(deliveries: readonly Delivery[], options?: { readonly gas?: bigint }): Promise<DoneMessages>;
  expire(delivery: Pick<Delivery, 'envelope' | 'place'>): Promise<TransactionReceipt>;
  lane(source: bigint): Promise<IncomingLane>;
  isDone(source: bigint, nonce: bigint): Promise<boolean>;
  /** The root that is believed for so many leaves. Rejects with CONTRACT_REVERTED (UnknownRoot) when there is none. */
  root(source: bigint, size: bigint): Promise<Hex>;
  /** What of a lane's rate is left. */
  allowance(source: bigint): Promise<{ readonly messages: bigint; readonly bytes: bigint }>;
}

/** The light clients of other ledgers. */
export interface SourceHeadersClient {
  advance(chainId: bigint, evidence: CommitEvidence): Promise<TransactionReceipt>;
  introduce(
    chainId: bigint,
    domain: Hex,
    evidence: CommitEvidence,
    proof: { readonly account: readonly Hex[]; readonly slot: readonly Hex[] },
  ): Promise<TransactionReceipt>;
  reportFork(chainId: bigint, evidence: CommitEvidence): Promise<TransactionReceipt>;
  ledger(chainId: bigint): Promise<KnownLedger>;
}

/** A client of the Outbox of a ledger. */
export function outboxClient(ledger: LedgerClient, address: Address = OUTBOX_ADDRESS): OutboxClient {
  const port = contractPort(ledger, address, outboxArtifact.abi);
  return {
    async send({ destination, target, data, expiresAt, gas, callbackGas = 0, depositWei }) {
      const args = [destination, target, data, expiresAt, gas, callbackGas] as const;
      const done = await port.write('send', args, { value: depositWei });
      const { args: told } = eventNamed(done, 'Sent');
      const { envelope, index } = told as unknown as { readonly envelope: Envelope; readonly index: bigint };
      return { envelope, data, index: Number(index), transaction: done.receipt };
    },
    settle: async (settlements, options) => doneIn(await port.write('settleMany', [settlements], options), 'Settled'),
    giveUp: async (envelope) => (await port.write('giveUp', [envelope])).receipt,
    collect: async () => (await port.write('collect', [])).receipt,
    lane: (destination, block) => port.read('laneOf', [destination], block),
    async message(destination, nonce) {
      const [open, outcome] = await port.read('messageOf', [destination, nonce]);
      return { open, outcome: nameOf(messageOutcomes, outcome) };
    },
  };
}

/** A client of the Inbox of a ledger. */
export function inboxClient(ledger: LedgerClient, address: Address = INBOX_ADDRESS): InboxClient {
  const port = contractPort(ledger, address, inboxArtifact.abi);
  return {
    async ask({ source, size, expiresAt, feeWei }) {
      const done = await port.write('ask', [source, size, expiresAt], { value: feeWei });
      return { request: eventNamed(done, 'Asked').args['request'] as bigint, receipt: done.receipt };
    },
    syncRequest: async (source) => (await port.write('syncRequest', [source])).receipt,
    async commitByCertificate(source, evidence, proof) {
      return (await port.write('commitByCertificate', [source, evidence, proof])).receipt;
    },
    execute: async (deliveries, options) => doneIn(await port.write('executeMany', [deliveries], options), 'Done'),
    expire: async ({ envelope, place }) => (await port.write('expire', [envelope, place])).receipt,
    lane: (source) => port.read('incomingOf', [source]),
    isDone: (source, nonce) => port.read('isDone', [source, nonce]),
    root: (source, size) => port.read('rootOf', [source, size]),
    async allowance(source) {
      const [messages, bytes] = await port.read('allowanceOf', [source]);
      return { messages, bytes };
    },
  };
}

/** A client of the light clients of a ledger. */
export function sourceHeadersClient(ledger: LedgerClient, address: Address = SOURCE_HEADERS_ADDRESS): SourceHeadersClient {
  const port = contractPort(ledger, address, sourceHeadersArtifact.abi);
  return {
    advance: async (chainId, evidence) => (await port.write('advance', [chainId, evidence])).receipt,
    async introduce(chainId, domain, evidence, { account, slot }) {
      return (await port.write('introduce', [chainId, domain, evidence, account, slot])).receipt;
    },
    reportFork: async (chainId, evidence) => (await port.write('reportFork', [chainId, evidence])).receipt,
    ledger: (chainId) => port.read('ledgerOf', [chainId]),
  };
}

function doneIn({ events, receipt }: Executed, name: string): DoneMessages {
  const nonceOf = ({ args }: DecodedEvent): bigint => args['nonce'] as bigint;
  const done = events
    .filter((event) => event.name === name)
    .map((event) => ({ nonce: nonceOf(event), outcome: nameOf(messageOutcomes, event.args['outcome']) }));
  return { done, skipped: events.filter((event) => event.name === 'Skipped').map(nonceOf), receipt };
}
