import { createBlockHeaderFromRLP } from '@ethereumjs/block';
import { encodeReceipt } from '@ethereumjs/vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, fromHex, type Hex, toHex } from '../../crypto/index.ts';
import { chainRules } from '../execution/chain-rules.ts';
import { decode, encode } from '../rlp-fields.ts';
import { TestConsortium } from '../testing/consortium.ts';
import { CHAIN_ID, callData, present, sealerKeys, signedBy, testKey, WORKBENCH, word } from '../testing/fixtures.ts';
import { decodeBlock, encodeBlock } from './block-codec.ts';
import { bloomOf, bloomTest } from './bloom.ts';
import { decodeHeader, type HeaderFields, makeHeader } from './header.ts';
import { decodeConsensusReceipt, decodeOutcomes, encodeConsensusReceipt, encodeOutcomes, type Outcome } from './receipt-codec.ts';

const FIELDS: HeaderFields = {
  parentHash: `0x${'11'.repeat(32)}`,
  proposer: testKey(1).address,
  stateRoot: `0x${'22'.repeat(32)}`,
  transactionsRoot: `0x${'33'.repeat(32)}`,
  receiptsRoot: `0x${'44'.repeat(32)}`,
  logsBloom: new Uint8Array(256).fill(5),
  number: 12_965_000,
  gasLimit: 300_000_000n,
  gasUsed: 21_000n,
  timestampMs: 1_700_000_000_123,
  nextSealers: sealerKeys(7).map(({ address }) => address),
  mixHash: `0x${'55'.repeat(32)}`,
};

describe('a header', () => {
  it('is an Ethereum header of the Prague fork, and comes back from its bytes', () => {
    const header = makeHeader(FIELDS);
    expect(decodeHeader(header.rlp)).toEqual(header);
    const ethereum = createBlockHeaderFromRLP(header.rlp, { common: chainRules(CHAIN_ID), skipConsensusFormatValidation: true });
    expect(toHex(ethereum.hash())).toBe(header.hash);
    expect(ethereum.number).toBe(12_965_000n);
    expect(ethereum.timestamp).toBe(1_700_000_000n);
    expect(ethereum.baseFeePerGas).toBe(0n);
    expect(toHex(ethereum.coinbase.bytes)).toBe(FIELDS.proposer);
  });

  it('is refused with any constant field changed, a field more or less, or bytes that are no header', () => {
    const items = decode(makeHeader(FIELDS).rlp, 'header') as Uint8Array[];
    for (const at of [1, 7, 11, 14, 15, 16, 17, 18, 19, 20]) {
      const changed = items.map((item, index) =>
        index === at ? (item.length === 0 ? Uint8Array.of(1) : item.map((byte) => byte ^ 1)) : item,
      );
      expect(() => decodeHeader(encode(changed))).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/LEDGER_(BAD_BLOCK|MALFORMED)/) }),
      );
    }
    expect(() => decodeHeader(encode(items.slice(1)))).toThrow(expect.objectContaining({ code: 'LEDGER_MALFORMED' }));
    expect(() => decodeHeader(encode([...items, Uint8Array.of(1)]))).toThrow(
      expect.objectContaining({ code: 'LEDGER_MALFORMED' }),
    );
    const sealers = [...FIELDS.nextSealers].reverse() as Address[];
    expect(() => decodeHeader(makeHeader({ ...FIELDS, nextSealers: sealers }).rlp)).toThrow(/ascending/);
    expect(() => decodeHeader(makeHeader({ ...FIELDS, nextSealers: [] }).rlp)).toThrow(/sealers/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
        expect(() => decodeHeader(bytes)).toThrow(expect.objectContaining({ code: 'LEDGER_MALFORMED' }));
      }),
    );
  });
});

const outcome = (over: Partial<Outcome> = {}): Outcome => {
  const logs = [{ address: WORKBENCH, topics: [`0x${word(1)}`, `0x${word(2)}`] as Hex[], data: '0x0102' as Hex }];
  return {
    status: 1,
    gasUsed: 50_000n,
    cumulativeGasUsed: 50_000n,
    logs,
    logsBloom: bloomOf(logs),
    from: testKey(1).address,
    to: WORKBENCH,
    contractAddress: undefined,
    type: 2,
    transactionHash: `0x${'77'.repeat(32)}`,
    ...over,
  };
};

describe('receipts', () => {
  it('are encoded under the receipts root as Ethereum does', () => {
    for (const type of [0, 1, 2, 4] as const) {
      const receipt = outcome({ type });
      const bytes = encodeConsensusReceipt(receipt);
      const logs = receipt.logs.map(
        ({ address, topics, data }) =>
          [fromHex(address), topics.map(fromHex), fromHex(data)] as [Uint8Array, Uint8Array[], Uint8Array],
      );
      const theirs = { status: 1 as const, cumulativeBlockGasUsed: 50_000n, bitvector: receipt.logsBloom, logs };
      expect(bytes).toEqual(encodeReceipt(theirs, type));
      const { status, cumulativeGasUsed, logsBloom } = receipt;
      expect(decodeConsensusReceipt(bytes)).toEqual({ type, status, cumulativeGasUsed, logsBloom, logs: receipt.logs });
    }
  });

  it('come back from the disk with everything', () => {
    const outcomes = [
      outcome(),
      outcome({ status: 0, logs: [], logsBloom: bloomOf([]), revertData: '0x08c379a0', cumulativeGasUsed: 100_000n }),
      outcome({ to: undefined, contractAddress: testKey(3).address, type: 0, cumulativeGasUsed: 150_000n }),
    ];
    expect(decodeOutcomes(encodeOutcomes(outcomes))).toEqual(outcomes);
  });

  it('have a bloom that holds what is logged', () => {
    const bloom = bloomOf([{ address: WORKBENCH, topics: [`0x${word(9)}`] }]);
    expect(bloomTest(WORKBENCH)(bloom)).toBe(true);
    expect(bloomTest(`0x${word(9)}`)(bloom)).toBe(true);
    expect(bloomTest(testKey(1).address)(bloom)).toBe(false);
  });
});

describe('a chain that is read', () => {
  it('finds blocks, transactions, receipts and logs', async () => {
    const consortium = new TestConsortium();
    const [node] = await consortium.addSealers();
    const { ledger } = node;
    const hashes: Hex[] = [];
    for (let nonce = 0; nonce < 4; nonce++) {
      const data = callData('set(uint256,uint256)', nonce % 2, nonce + 1);
      hashes.push(await consortium.world.run(ledger.submit(signedBy(testKey(0), { nonce, to: WORKBENCH, data }))));
      hashes.push(await consortium.world.run(ledger.submit(signedBy(testKey(1), { nonce, to: WORKBENCH, data }))));
      await consortium.decide([node]);
    }
    expect(ledger.transactionCount()).toBe(8);
    for (const id of ['latest', 'pending', 'safe', 'finalized', 4, ledger.head.hash] as const) {
      expect((await ledger.header(id))?.number).toBe(4);
    }
    expect((await ledger.header('earliest'))?.number).toBe(0);
    expect((await ledger.block(0))?.certificate).toBeUndefined();
    expect(await ledger.header(5)).toBeUndefined();
    expect(await ledger.block(`0x${'00'.repeat(32)}`)).toBeUndefined();
    const found = await ledger.transaction(present(hashes[3]));
    expect([found?.place?.block.number, found?.place?.index]).toEqual([2, 1]);
    expect(await ledger.receipt(present(hashes[3]))).toMatchObject({
      blockNumber: 2,
      transactionIndex: 1,
      logs: [{ logIndex: 1, blockNumber: 2 }],
    });
    expect(await ledger.receipt(`0x${'00'.repeat(32)}`)).toBeUndefined();
    const block = present(await ledger.block(3));
    const decoded = decodeBlock(encodeBlock(block));
    expect(decoded.header.hash).toBe(block.header.hash);
    expect(decoded.certificate).toEqual(block.certificate);

    const all = { fromBlock: 'earliest', toBlock: 'latest', addresses: [], topics: [] } as const;
    expect(await ledger.logs(all)).toHaveLength(8);
    expect(await ledger.logs({ ...all, addresses: [testKey(1).address] })).toHaveLength(0);
    expect(await ledger.logs({ ...all, addresses: [WORKBENCH], fromBlock: 2, toBlock: 3 })).toHaveLength(4);
    const byKey = await ledger.logs({ ...all, topics: [[], [], [`0x${word(1)}`]] });
    expect(byKey.map(({ blockNumber }) => blockNumber)).toEqual([2, 2, 4, 4]);
    const byWho = await ledger.logs({
      ...all,
      topics: [[], [`0x${word(testKey(1).address)}`, `0x${word(5)}`], [`0x${word(0)}`]],
    });
    expect(byWho.map(({ transactionIndex }) => transactionIndex)).toEqual([1, 1]);
    expect(await ledger.logs({ ...all, topics: [[], [], [], []] })).toHaveLength(0);
    await expect(ledger.logs({ ...all, fromBlock: 3, toBlock: 2 })).rejects.toMatchObject({ code: 'LEDGER_LOGS_RANGE' });
    await expect(ledger.logs({ ...all, toBlock: 9 })).rejects.toMatchObject({ code: 'LEDGER_UNKNOWN_BLOCK' });
    await expect(ledger.call({ to: WORKBENCH }, 9)).rejects.toMatchObject({ code: 'LEDGER_UNKNOWN_BLOCK' });
  });
});
