import { createBlock } from '@ethereumjs/block';
import { createFeeMarket1559Tx, createLegacyTx, createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import { keccak256, parseTransaction, serializeTransaction } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { fromHex, type Hex, toHex } from '../../crypto/index.ts';
import { makeHeader } from '../chain/header.ts';
import { chainRules } from '../execution/chain-rules.ts';
import type { BlockRecord, ReceiptRecord } from '../ledger.ts';
import { CHAIN_ID, sealerKeys, testKey } from '../testing/fixtures.ts';
import { rewardPercentiles } from './fee-history.ts';
import { formatBlock, formatHeader } from './format-block.ts';
import { formatReceipt } from './format-receipt.ts';
import { effectiveGasPrice, formatTransaction } from './format-transaction.ts';
import { senderOf } from './sender-of.ts';

const common = chainRules(CHAIN_ID);
const key = testKey(0);
const account = privateKeyToAccount(toHex(key.privateKey));
const to = testKey(1).address;

const legacy = createLegacyTx({ nonce: 3, to, gasLimit: 21_000n, gasPrice: 2n, value: 5n }, { common }).sign(
  key.privateKey,
  false,
);
const market = createFeeMarket1559Tx(
  {
    nonce: 4,
    gasLimit: 100_000n,
    maxFeePerGas: 7n,
    maxPriorityFeePerGas: 1n,
    data: '0x600035',
    accessList: [{ address: to, storageKeys: [`0x${'01'.repeat(32)}`] }],
  },
  { common },
).sign(key.privateKey, false);

function header(transactions: readonly TypedTransaction[]) {
  return makeHeader({
    parentHash: `0x${'11'.repeat(32)}`,
    proposer: testKey(9).address,
    stateRoot: `0x${'22'.repeat(32)}`,
    transactionsRoot: `0x${'33'.repeat(32)}`,
    receiptsRoot: `0x${'44'.repeat(32)}`,
    logsBloom: new Uint8Array(256).fill(5),
    number: 300,
    gasLimit: 300_000_000n,
    gasUsed: BigInt(transactions.length) * 21_000n,
    timestampMs: 1_700_000_123_456,
    nextSealers: sealerKeys(4).map((sealer) => sealer.address),
    mixHash: `0x${'55'.repeat(32)}`,
  });
}

function block(transactions: readonly TypedTransaction[]): BlockRecord {
  return { header: header(transactions), transactions };
}

const place = { blockHash: `0x${'aa'.repeat(32)}`, blockNumber: 300, index: 1, baseFeeWei: 0n } as const;

describe('formatTransaction', () => {
  it('gives viem what it needs to rebuild the signed bytes', () => {
    for (const transaction of [legacy, market]) {
      const raw = toHex(transaction.serialize());
      const shown = formatTransaction(transaction, place);
      expect(shown['hash']).toBe(keccak256(raw));
      expect(shown['from']).toBe(account.address.toLowerCase());
      expect(shown['nonce']).toBe(`0x${transaction.nonce.toString(16)}`);
      const { r, s, v, yParity, ...content } = parseTransaction(raw) as Record<string, unknown>;
      expect(BigInt(shown['r'] as Hex)).toBe(BigInt(r as Hex));
      expect(BigInt(shown['s'] as Hex)).toBe(BigInt(s as Hex));
      expect(BigInt(shown['v'] as Hex)).toBe(transaction.type === 0 ? v : BigInt(yParity as number));
      expect(serializeTransaction(content as never, { r, s, v, yParity } as never)).toBe(raw);
    }
  });

  it('shows the fields of each type and no others', () => {
    const old = formatTransaction(legacy, place);
    expect(old).toMatchObject({
      type: '0x0',
      gasPrice: '0x2',
      chainId: '0x1cbd',
      to,
      value: '0x5',
      input: '0x',
      transactionIndex: '0x1',
      blockNumber: '0x12c',
    });
    expect(old).not.toHaveProperty('maxFeePerGas');
    expect(old).not.toHaveProperty('accessList');
    const fresh = formatTransaction(market, place);
    expect(fresh).toMatchObject({
      type: '0x2',
      to: null,
      input: '0x600035',
      maxFeePerGas: '0x7',
      maxPriorityFeePerGas: '0x1',
      gasPrice: '0x1',
      accessList: [{ address: to, storageKeys: [`0x${'01'.repeat(32)}`] }],
    });
    expect(fresh['yParity']).toBe(fresh['v']);
  });

  it('shows an access-list transaction and a set-code transaction', async () => {
    const withList = await account.signTransaction({
      type: 'eip2930',
      chainId: CHAIN_ID,
      gasPrice: 0n,
      gas: 30_000n,
      nonce: 0,
      to,
      accessList: [],
    });
    expect(formatTransaction(createTxFromRLP(fromHex(withList), { common }), place)).toMatchObject({
      type: '0x1',
      gasPrice: '0x0',
      accessList: [],
      from: key.address,
    });
    const authorization = await account.signAuthorization({ contractAddress: to, chainId: CHAIN_ID, nonce: 1 });
    const setCode = await account.signTransaction({
      type: 'eip7702',
      chainId: CHAIN_ID,
      gas: 90_000n,
      nonce: 0,
      to,
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
      authorizationList: [authorization],
    });
    expect(formatTransaction(createTxFromRLP(fromHex(setCode), { common }), place)).toMatchObject({
      type: '0x4',
      from: key.address,
      authorizationList: [{ address: to, chainId: '0x1cbd', nonce: '0x1', r: authorization.r.replace(/^0x0+/, '0x') }],
    });
  });

  it('has no place while it is pooled, and shows the cap as its price', () => {
    expect(formatTransaction(market, undefined)).toMatchObject({
      blockHash: null,
      blockNumber: null,
      transactionIndex: null,
      gasPrice: '0x7',
    });
  });

  it('recovers the sender of a transaction from before chain ids', async () => {
    const raw = await account.signTransaction({ type: 'legacy', gasPrice: 0n, gas: 21_000n, nonce: 0, to });
    expect(senderOf(createTxFromRLP(fromHex(raw), { common }))).toBe(key.address);
    expect(formatTransaction(createTxFromRLP(fromHex(raw), { common }), place)).not.toHaveProperty('chainId');
  });
});

describe('formatBlock', () => {
  it('shows every field of the header as it is encoded', () => {
    const record = header([]);
    const shown = formatHeader(record);
    expect(shown).toMatchObject({
      number: '0x12c',
      hash: record.hash,
      parentHash: record.parentHash,
      miner: testKey(9).address,
      stateRoot: record.stateRoot,
      transactionsRoot: record.transactionsRoot,
      receiptsRoot: record.receiptsRoot,
      gasLimit: '0x11e1a300',
      gasUsed: '0x0',
      timestamp: `0x${(1_700_000_123).toString(16)}`,
      baseFeePerGas: '0x0',
      difficulty: '0x0',
      nonce: '0x0000000000000000',
      mixHash: `0x${'55'.repeat(32)}`,
      blobGasUsed: '0x0',
      excessBlobGas: '0x0',
      parentBeaconBlockRoot: `0x${'00'.repeat(32)}`,
      logsBloom: toHex(record.logsBloom),
      extraData: toHex(record.extraData),
    });
    expect(Object.values(shown).every((value) => typeof value === 'string')).toBe(true);
  });

  it.each([0, 1, 2, 40])('has the size of the encoded block with %i transactions', (count) => {
    const transactions = Array.from({ length: count }, (_, index) => (index % 2 === 0 ? legacy : market));
    const encoded = createBlock(
      { header: {}, transactions: transactions as never[] },
      { common, skipConsensusFormatValidation: true },
    );
    const rlp = encoded.header.serialize();
    expect(encoded.transactions.map((transaction) => toHex(transaction.hash()))).toEqual(
      transactions.map((one) => toHex(one.hash())),
    );
    const shown = formatBlock({ header: { ...header(transactions), rlp }, transactions }, false);
    expect(Number(shown['size'])).toBe(encoded.serialize().length);
  });

  it('lists hashes or whole transactions', () => {
    const record = block([legacy, market]);
    expect(formatBlock(record, false)['transactions']).toEqual([toHex(legacy.hash()), toHex(market.hash())]);
    expect(formatBlock(record, true)['transactions']).toMatchObject([
      { transactionIndex: '0x0' },
      { transactionIndex: '0x1', blockHash: record.header.hash },
    ]);
    expect(formatBlock(record, true)).toMatchObject({ uncles: [], withdrawals: [] });
  });
});

describe('formatReceipt', () => {
  const receipt: ReceiptRecord = {
    transactionHash: `0x${'01'.repeat(32)}`,
    transactionIndex: 2,
    blockHash: `0x${'02'.repeat(32)}`,
    blockNumber: 17,
    from: to,
    to: undefined,
    contractAddress: testKey(5).address,
    status: 1,
    gasUsed: 50_000n,
    cumulativeGasUsed: 90_000n,
    logsBloom: new Uint8Array(256),
    type: 2,
    logs: [
      {
        address: to,
        topics: [`0x${'03'.repeat(32)}`],
        data: '0x04',
        logIndex: 6,
        transactionHash: `0x${'01'.repeat(32)}`,
        transactionIndex: 2,
        blockHash: `0x${'02'.repeat(32)}`,
        blockNumber: 17,
      },
    ],
  };

  it('has the fields that Ethereum tools read', () => {
    expect(formatReceipt(receipt, 3n)).toEqual({
      transactionHash: receipt.transactionHash,
      transactionIndex: '0x2',
      blockHash: receipt.blockHash,
      blockNumber: '0x11',
      from: to,
      to: null,
      contractAddress: testKey(5).address,
      type: '0x2',
      status: '0x1',
      gasUsed: '0xc350',
      cumulativeGasUsed: '0x15f90',
      effectiveGasPrice: '0x3',
      logsBloom: `0x${'00'.repeat(256)}`,
      logs: [
        {
          address: to,
          topics: [`0x${'03'.repeat(32)}`],
          data: '0x04',
          logIndex: '0x6',
          transactionHash: receipt.transactionHash,
          transactionIndex: '0x2',
          blockHash: receipt.blockHash,
          blockNumber: '0x11',
          removed: false,
        },
      ],
    });
  });

  it('keeps what a reverted transaction returned', () => {
    expect(formatReceipt({ ...receipt, status: 0, revertData: '0x1234' }, 0n)).toMatchObject({
      status: '0x0',
      revertReason: '0x1234',
    });
  });
});

describe('fees', () => {
  it('pays the tip within the cap', () => {
    expect(effectiveGasPrice(market, 0n)).toBe(1n);
    expect(effectiveGasPrice(market, 4n)).toBe(5n);
    expect(effectiveGasPrice(market, 100n)).toBe(7n);
    expect(effectiveGasPrice(legacy, 100n)).toBe(2n);
  });

  it('weighs tips by gas', () => {
    const record = block([legacy, market]);
    const receipts = [{ gasUsed: 31_500n }, { gasUsed: 10_500n }] as ReceiptRecord[];
    expect(rewardPercentiles(record, receipts, [0, 20, 25, 26, 100])).toEqual([1n, 1n, 1n, 2n, 2n]);
    expect(rewardPercentiles(block([]), [], [50])).toEqual([0n]);
  });
});
