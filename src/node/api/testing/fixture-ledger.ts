import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createFeeMarket1559Tx, type TypedTransaction } from '@ethereumjs/tx';
import { createAddressFromString } from '@ethereumjs/util';
import { type Address, fromHex, type Hex, keccak256, type NodeKey, toHex } from '../../../crypto/index.ts';
import type {
  BlockId,
  BlockRecord,
  CallRequest,
  HeaderRecord,
  LedgerView,
  LogRecord,
  ReceiptRecord,
} from '../../../ledger/index.ts';
import { EMPTY_TRANSACTIONS_ROOT } from '../projection/projection.ts';
import type { FixtureLog } from './fixture-events.ts';

export const FIXTURE_CHAIN_ID = 7357;

/** A transaction that a fixture puts on its chain, with its outcome: nothing is executed. */
export interface FixtureTransaction {
  readonly from: Address;
  readonly to?: Address;
  readonly data?: Uint8Array;
  readonly valueWei?: bigint;
  readonly logs?: readonly FixtureLog[];
  /** Set when it reverts; empty bytes when the contract says nothing. */
  readonly revertData?: Hex;
  readonly gasUsed?: bigint;
}

/** A chain in memory that shows what it is told: blocks are appended, nothing is executed or agreed on. */
export interface FixtureLedger extends LedgerView {
  append(block: { readonly timestampMs: number; readonly transactions: readonly FixtureTransaction[] }): BlockRecord;
  /** Puts a signed plain transfer into the pool. */
  addPending(key: NodeKey, to: Address): void;
}

const common = new Common({ chain: { ...Mainnet, chainId: FIXTURE_CHAIN_ID }, hardfork: Hardfork.Prague });

interface Stored {
  readonly block: BlockRecord;
  readonly receipts: readonly ReceiptRecord[];
}

/** What a contract answers; undefined when nothing is there. */
export type FixtureAnswer = (request: CallRequest, head: number) => Uint8Array | undefined;

export function createFixtureLedger(
  sealers: readonly Address[],
  genesisMs: number,
  answer: FixtureAnswer = () => undefined,
): FixtureLedger {
  const stored: Stored[] = [];
  const byHash = new Map<Hex, number>();
  const places = new Map<Hex, { readonly number: number; readonly index: number }>();
  const headListeners = new Set<(block: BlockRecord, receipts: readonly ReceiptRecord[]) => void>();
  const pendingListeners = new Set<(hash: Hex) => void>();
  let pool: TypedTransaction[] = [];
  let total = 0;
  let nonce = 0n;

  const put = (timestampMs: number, wanted: readonly FixtureTransaction[]): BlockRecord => {
    const number = stored.length;
    const transactions = wanted.map((transaction) => transactionOf(transaction, nonce++));
    const header = headerOf({ number, timestampMs, transactions, sealers, parent: stored.at(-1)?.block.header });
    const round = number > 0 && number % 97 === 0 ? 1 : 0;
    const signatures = sealers.slice(0, Math.floor((2 * sealers.length) / 3) + 1).map((_, at) => new Uint8Array(65).fill(at + 1));
    const block: BlockRecord = {
      header,
      transactions,
      ...(number > 0 && { certificate: { height: number, round, digest: header.hash, signatures } }),
    };
    const receipts = receiptsOf(block, wanted);
    stored.push({ block, receipts });
    byHash.set(header.hash, number);
    for (const { transactionHash, transactionIndex } of receipts)
      places.set(transactionHash, { number, index: transactionIndex });
    total += transactions.length;
    return block;
  };
  const find = (id: BlockId): Stored | undefined => {
    if (typeof id === 'number') return stored[id];
    if (id === 'earliest') return stored[0];
    return id.startsWith('0x') ? stored[byHash.get(id as Hex) ?? -1] : stored.at(-1);
  };
  const absent = (what: string) => (): never => {
    throw new Error(`a fixture ledger has no ${what}`);
  };
  put(genesisMs, []);

  return {
    chainId: FIXTURE_CHAIN_ID,
    get head() {
      return (stored.at(-1) as Stored).block.header;
    },
    header: async (id) => find(id)?.block.header,
    certified: async (id) => find(id)?.block,
    firstBlock: () => 0,
    turnClientsAway: absent('door'),
    block: async (id) => find(id)?.block,
    receipts: async (id) => find(id)?.receipts,
    async transaction(hash) {
      const place = places.get(hash);
      const home = place && stored[place.number];
      const transaction = home?.block.transactions[place?.index ?? -1];
      if (place !== undefined && home !== undefined && transaction !== undefined)
        return { transaction, place: { block: home.block.header, index: place.index } };
      const pooled = pool.find((candidate) => toHex(candidate.hash()) === hash);
      return pooled && { transaction: pooled };
    },
    async receipt(hash) {
      const place = places.get(hash);
      return place && stored[place.number]?.receipts[place.index];
    },
    async call(request) {
      const returnData = answer(request, stored.length - 1);
      if (returnData !== undefined) return { success: true, returnData, gasUsed: 21_000n };
      return { success: false, returnData: new Uint8Array(), gasUsed: 21_000n, error: 'revert' };
    },
    estimateGas: absent('gas estimates'),
    account: async () => undefined,
    code: absent('code'),
    storage: absent('storage'),
    proof: absent('proofs'),
    receiptProof: absent('proofs'),
    pendingNonce: absent('nonces'),
    submitMany: absent('way to take transactions'),
    payload: async () => undefined,
    memory: { limitBytes: 0, usedBytes: 0, take: () => undefined },
    submit: absent('way to take transactions'),
    logs: absent('log queries'),
    pendingCount: () => pool.length,
    pending: () => pool,
    onHead(listener) {
      headListeners.add(listener);
      return () => void headListeners.delete(listener);
    },
    onPending(listener) {
      pendingListeners.add(listener);
      return () => void pendingListeners.delete(listener);
    },
    transactionCount: () => total,
    append({ timestampMs, transactions }) {
      const block = put(timestampMs, transactions);
      pool = [];
      for (const listener of [...headListeners]) listener(block, (stored.at(-1) as Stored).receipts);
      return block;
    },
    addPending(key, to) {
      const unsigned = createFeeMarket1559Tx(
        { to: createAddressFromString(to), value: 10n ** 15n, gasLimit: 21_000n, chainId: BigInt(FIXTURE_CHAIN_ID) },
        { common },
      );
      const signed = unsigned.sign(key.privateKey);
      pool = [...pool, signed];
      for (const listener of [...pendingListeners]) listener(toHex(signed.hash()));
    },
  };
}

function transactionOf({ to, data, valueWei }: FixtureTransaction, nonce: bigint): TypedTransaction {
  const recipient = to === undefined ? {} : { to: createAddressFromString(to) };
  // The signature is of nobody: receipts say who sent it, and nothing here recovers it.
  const signature = { v: 0n, r: 1n + nonce, s: 1n };
  const fields = {
    nonce,
    gasLimit: 1_000_000n,
    chainId: BigInt(FIXTURE_CHAIN_ID),
    value: valueWei ?? 0n,
    data: data ?? new Uint8Array(),
  };
  return createFeeMarket1559Tx({ ...fields, ...recipient, ...signature }, { common, freeze: false });
}

interface HeaderParts {
  readonly number: number;
  readonly timestampMs: number;
  readonly transactions: readonly TypedTransaction[];
  readonly sealers: readonly Address[];
  readonly parent: HeaderRecord | undefined;
}

function headerOf({ number, timestampMs, transactions, sealers, parent }: HeaderParts): HeaderRecord {
  const hashOf = (what: string): Hex => toHex(keccak256(new TextEncoder().encode(`fixture ${what} ${number} ${timestampMs}`)));
  return {
    number,
    hash: hashOf('block'),
    parentHash: parent?.hash ?? `0x${'0'.repeat(64)}`,
    proposer: sealers[number % sealers.length] as Address,
    timestampMs,
    stateRoot: hashOf('state'),
    transactionsRoot: transactions.length === 0 ? EMPTY_TRANSACTIONS_ROOT : hashOf('transactions'),
    receiptsRoot: hashOf('receipts'),
    gasUsed: BigInt(transactions.length) * 84_000n,
    gasLimit: 300_000_000n,
    nextSealers: sealers,
    rlp: new Uint8Array(),
  };
}

function receiptsOf(block: BlockRecord, wanted: readonly FixtureTransaction[]): ReceiptRecord[] {
  let logIndex = 0;
  let cumulativeGasUsed = 0n;
  const { hash: blockHash, number: blockNumber } = block.header;
  return wanted.map((transaction, transactionIndex) => {
    const transactionHash = toHex((block.transactions[transactionIndex] as TypedTransaction).hash());
    const gasUsed = transaction.gasUsed ?? 84_000n;
    cumulativeGasUsed += gasUsed;
    const place = { transactionHash, transactionIndex, blockHash, blockNumber };
    const logs = (transaction.logs ?? []).map((log): LogRecord => ({ ...log, ...place, logIndex: logIndex++ }));
    return {
      ...place,
      from: transaction.from,
      to: transaction.to,
      contractAddress: transaction.to === undefined ? (toHex(fromHex(transactionHash).subarray(12)) as Address) : undefined,
      status: transaction.revertData === undefined ? 1 : 0,
      gasUsed,
      cumulativeGasUsed,
      logsBloom: new Uint8Array(256),
      logs,
      type: 2,
      ...(transaction.revertData !== undefined && { revertData: transaction.revertData }),
    };
  });
}
