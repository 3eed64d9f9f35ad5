import { RLP } from '@ethereumjs/rlp';
import { beforeEach, describe, expect, it } from 'vitest';
import { fromHex, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import { LOGS_RESULT_MAX } from '../../limits.ts';
import { CHAIN_ID, callData, signedBy, testKey, WORKBENCH, word } from '../testing/fixtures.ts';
import { parseCertificate, type RpcCertificate } from './format-certificate.ts';
import { openTestChain, owner, type TestChain } from './testing/test-chain.ts';

let chain: TestChain;
let nonce: number;
beforeEach(async () => {
  chain = await openTestChain();
  nonce = 0;
});

const call = <T = unknown>(method: string, ...params: unknown[]): Promise<T> => chain.rpc.call(method, params) as Promise<T>;
const hex = (value: number): Hex => `0x${value.toString(16)}`;

/** Pools `values[key] = value`, which emits an event. */
async function set(key: number, value: number): Promise<Hex> {
  return call(
    'eth_sendRawTransaction',
    toHex(signedBy(owner, { nonce: nonce++, to: WORKBENCH, data: callData('set(uint256,uint256)', key, value) })),
  );
}

const changed = toHex(keccak256(new TextEncoder().encode('Changed(address,uint256,uint256)')));
const stranger = testKey(99).address;
const nowhere = `0x${'12'.repeat(32)}`;

describe('chain', () => {
  it('tells what it is and that gas is free', async () => {
    expect(await call('eth_chainId')).toBe(hex(CHAIN_ID));
    expect(await call('net_version')).toBe(String(CHAIN_ID));
    expect(await call('eth_blockNumber')).toBe('0x0');
    expect([await call('eth_gasPrice'), await call('eth_maxPriorityFeePerGas')]).toEqual(['0x0', '0x0']);
    expect(await call('eth_accounts')).toEqual([]);
    expect(await call('net_peerCount')).toBe('0x2');
    expect(await call('web3_clientVersion')).toBe('treadle/v0.0.0-test');
    expect(await call('web3_sha3', '0x68656c6c6f20776f726c64')).toBe(
      '0x47173285a8d7341e5e972fc677286384f802f8ef42a5ec5f03bbfa254cb01fad',
    );
    expect(await call('rpc_modules')).toMatchObject({ eth: '1.0', net: '1.0', web3: '1.0', txpool: '1.0', treadle: '1.0' });
  });

  it('tells how far it has come', async () => {
    expect(await call('eth_syncing')).toBe(false);
    chain.setSyncing(() => ({ startingBlock: 1, currentBlock: 5, highestBlock: 20 }));
    expect(await call('eth_syncing')).toEqual({ startingBlock: '0x1', currentBlock: '0x5', highestBlock: '0x14' });
  });

  it('has a fee history', async () => {
    await set(1, 1);
    await chain.seal();
    await chain.seal();
    expect(await call('eth_feeHistory', '0x2', 'latest', [25, 75])).toMatchObject({
      oldestBlock: '0x1',
      baseFeePerGas: ['0x0', '0x0', '0x0'],
      blobGasUsedRatio: [0, 0],
      reward: [
        ['0x0', '0x0'],
        ['0x0', '0x0'],
      ],
    });
    const short = await call<Record<string, unknown[]>>('eth_feeHistory', 10, 'latest');
    expect(short).not.toHaveProperty('reward');
    expect(short['gasUsedRatio']).toHaveLength(3);
    expect(short['gasUsedRatio']?.[1]).toBeGreaterThan(0);
    expect(await call('eth_feeHistory', '0x0', 'latest')).toMatchObject({ baseFeePerGas: [] });
    await expect(call('eth_feeHistory', '0x1', 'latest', [50, 20])).rejects.toMatchObject({ code: -32602 });
    await expect(call('eth_feeHistory', '0x1', '0x63')).rejects.toMatchObject({ code: -32001 });
  });
});

describe('state', () => {
  it('reads accounts, code and storage, now and then', async () => {
    await set(3, 77);
    await chain.seal();
    expect(await call('eth_getBalance', owner.address, 'latest')).toBe(`0x${(10n ** 18n).toString(16)}`);
    expect(await call('eth_getBalance', stranger)).toBe('0x0');
    expect(await call('eth_getTransactionCount', owner.address, 'latest')).toBe('0x1');
    expect(await call('eth_getTransactionCount', owner.address, '0x0')).toBe('0x0');
    expect(await call('eth_getCode', stranger)).toBe('0x');
    expect((await call<string>('eth_getCode', WORKBENCH)).length).toBeGreaterThan(100);
    const slot = toHex(keccak256(fromHex(`${word(3)}${word(0)}`)));
    expect(await call('eth_getStorageAt', WORKBENCH, slot, 'latest')).toBe(`0x${word(77)}`);
    expect(await call('eth_getStorageAt', WORKBENCH, slot, '0x0')).toBe(`0x${word(0)}`);
    expect(await call('eth_getStorageAt', WORKBENCH, '0x1')).toBe(`0x${word(7)}`);
    await expect(call('eth_getBalance', owner.address, '0x63')).rejects.toMatchObject({
      code: -32001,
      message: expect.stringMatching(/header not found/) as string,
    });
    await expect(call('eth_getBalance', owner.address, { blockHash: nowhere })).rejects.toMatchObject({ code: -32001 });
  });

  it('counts pooled transactions', async () => {
    await set(1, 1);
    await set(1, 2);
    expect(await call('eth_getTransactionCount', owner.address, 'pending')).toBe('0x2');
    expect(await call('eth_getTransactionCount', owner.address)).toBe('0x0');
    expect(await call('txpool_status')).toEqual({ pending: '0x2', queued: '0x0' });
    const { pending } = await call<{ pending: Record<string, Record<string, { nonce: string; blockHash: null }>> }>(
      'txpool_content',
    );
    expect(pending[owner.address]?.['1']).toMatchObject({ nonce: '0x1', blockHash: null });
    expect(await call('txpool_contentFrom', stranger)).toEqual({ pending: {}, queued: {} });
    const inspected = await call<{ pending: Record<string, Record<string, string>> }>('txpool_inspect');
    expect(inspected.pending[owner.address]?.['0']).toBe(`${WORKBENCH}: 0 wei + 1000000 gas × 0 wei`);
  });

  it('tells ready from not yet ready', async () => {
    await set(1, 1);
    nonce = 5;
    await set(1, 2);
    expect(await call('txpool_status')).toEqual({ pending: '0x1', queued: '0x1' });
    expect(await call('txpool_contentFrom', owner.address)).toMatchObject({ pending: { 0: {} }, queued: { 5: {} } });
  });

  it('proves accounts and slots', async () => {
    await set(3, 77);
    const { header } = await chain.seal();
    const slot = toHex(keccak256(fromHex(`${word(3)}${word(0)}`)));
    const proof = await call<Record<string, unknown>>('eth_getProof', WORKBENCH, [slot, '0x1'], 'latest');
    expect(proof).toMatchObject({ address: WORKBENCH, balance: '0x0', nonce: '0x1' });
    expect(proof['storageProof']).toMatchObject([
      { key: slot, value: '0x4d' },
      { key: '0x1', value: '0x7' },
    ]);
    const [root] = proof['accountProof'] as Hex[];
    expect(toHex(keccak256(fromHex(root as Hex)))).toBe(header.stateRoot);
    const [slotProof] = proof['storageProof'] as [{ proof: [Hex] }];
    expect(toHex(keccak256(fromHex(slotProof.proof[0])))).toBe(proof['storageHash']);
    await expect(
      call(
        'eth_getProof',
        WORKBENCH,
        Array.from({ length: 1025 }, () => '0x1'),
      ),
    ).rejects.toMatchObject({ code: -32005 });
  });
});

describe('calls', () => {
  it('run on any block', async () => {
    const values = { to: WORKBENCH, data: toHex(callData('values(uint256)', 3)) };
    await set(3, 77);
    await chain.seal();
    expect(await call('eth_call', values, 'latest')).toBe(`0x${word(77)}`);
    expect(await call('eth_call', values, '0x0')).toBe(`0x${word(0)}`);
    expect(await call('eth_call', { to: stranger, input: '0x1234' })).toBe('0x');
    await expect(call('eth_call', values, 'latest', { [WORKBENCH]: { code: '0x' } })).rejects.toMatchObject({ code: -32004 });
    await expect(call('eth_call', { ...values, chainId: '0x1' })).rejects.toMatchObject({ code: -32000 });
  });

  it('say why they reverted', async () => {
    const reason = toHex(new TextEncoder().encode('too hot'));
    const data = toHex(fromHex(`${toHex(callData('fail(string)'))}${word(32)}${word(7)}${reason.slice(2).padEnd(64, '0')}`));
    const expected = {
      code: 3,
      message: 'execution reverted: too hot',
      data: `0x08c379a0${word(32)}${word(7)}${reason.slice(2).padEnd(64, '0')}`,
    };
    await expect(call('eth_call', { to: WORKBENCH, data })).rejects.toMatchObject(expected);
    await expect(call('eth_estimateGas', { from: owner.address, to: WORKBENCH, data })).rejects.toMatchObject(expected);
  });

  it('say when the machine stopped them', async () => {
    const burn = { to: WORKBENCH, data: toHex(callData('burn()')), gas: '0x186a0' };
    await expect(call('eth_call', burn)).rejects.toMatchObject({
      code: -32000,
      message: expect.stringMatching(/out of gas/) as string,
    });
    await expect(call('eth_call', { ...burn, gas: '0x1' })).rejects.toMatchObject({
      code: -32000,
      message: expect.stringMatching(/intrinsic gas too low/) as string,
    });
    await expect(call('eth_estimateGas', burn)).rejects.toMatchObject({ code: -32000 });
  });

  it('estimate the gas that suffices, access lists included', async () => {
    const request = { from: owner.address, to: WORKBENCH, data: toHex(callData('set(uint256,uint256)', 9, 9)) };
    const gas = BigInt(await call<Hex>('eth_estimateGas', request));
    const withList = BigInt(
      await call<Hex>('eth_estimateGas', { ...request, accessList: [{ address: WORKBENCH, storageKeys: [] }] }),
    );
    expect(withList - gas).toBe(2400n);
    const enough = toHex(signedBy(owner, { nonce: 0, to: WORKBENCH, data: callData('set(uint256,uint256)', 9, 9), gas }));
    const hash = await call('eth_sendRawTransaction', enough);
    await chain.seal();
    expect(await call('eth_getTransactionReceipt', hash)).toMatchObject({ status: '0x1' });
    await expect(call('eth_createAccessList', request)).rejects.toMatchObject({ code: -32004 });
  });
});

describe('blocks and transactions', () => {
  it('are found by number, hash and place', async () => {
    const hash = await set(1, 1);
    expect(await call('eth_getTransactionByHash', hash)).toMatchObject({ hash, blockHash: null, blockNumber: null });
    expect(await call('eth_getTransactionReceipt', hash)).toBeNull();
    const { header } = await chain.seal();
    const block = await call<Record<string, unknown>>('eth_getBlockByNumber', '0x1', false);
    expect(block).toMatchObject({ number: '0x1', hash: header.hash, transactions: [hash] });
    expect(toHex(keccak256(header.rlp))).toBe(header.hash);
    for (const tag of ['latest', 'safe', 'finalized', 'pending'])
      expect(await call('eth_getBlockByNumber', tag)).toMatchObject({ hash: header.hash });
    expect(await call('eth_getBlockByHash', header.hash, true)).toMatchObject({ transactions: [{ hash, blockNumber: '0x1' }] });
    expect(await call('eth_getBlockByNumber', '0x63', false)).toBeNull();
    expect(await call('eth_getBlockByHash', nowhere, false)).toBeNull();
    expect(await call('eth_getBlockTransactionCountByNumber', 'latest')).toBe('0x1');
    expect(await call('eth_getBlockTransactionCountByHash', nowhere)).toBeNull();
    expect(await call('eth_getUncleCountByBlockNumber', 'latest')).toBe('0x0');
    expect(await call('eth_getUncleByBlockNumberAndIndex', 'latest', '0x0')).toBeNull();
    const found = { hash, blockHash: header.hash, transactionIndex: '0x0', from: owner.address, gasPrice: '0x0' };
    expect(await call('eth_getTransactionByHash', hash)).toMatchObject(found);
    expect(await call('eth_getTransactionByBlockNumberAndIndex', 'latest', '0x0')).toMatchObject(found);
    expect(await call('eth_getTransactionByBlockHashAndIndex', header.hash, '0x0')).toMatchObject(found);
    expect(await call('eth_getTransactionByBlockHashAndIndex', header.hash, '0x1')).toBeNull();
    const receipt = await call('eth_getTransactionReceipt', hash);
    expect(receipt).toMatchObject({
      status: '0x1',
      to: WORKBENCH,
      contractAddress: null,
      effectiveGasPrice: '0x0',
      logs: [{ address: WORKBENCH, logIndex: '0x0' }],
    });
    expect(await call('eth_getBlockReceipts', header.hash)).toEqual([receipt]);
    expect(await call('eth_getBlockReceipts', '0x63')).toBeNull();
    expect(await call('eth_getTransactionByHash', nowhere)).toBeNull();
  });

  it('are refused in the words that tools know', async () => {
    await set(1, 1);
    await chain.seal();
    const again = toHex(signedBy(owner, { nonce: 0, to: WORKBENCH, gas: 22_000n }));
    await expect(call('eth_sendRawTransaction', again)).rejects.toMatchObject({
      code: -32003,
      message: expect.stringMatching(/^nonce too low: /) as string,
      data: { reason: 'POOL_NONCE_TOO_LOW', expected: '1' },
    });
    await expect(call('eth_sendRawTransaction', '0x0102')).rejects.toMatchObject({
      code: -32000,
      data: { reason: 'POOL_INVALID' },
    });
    const foreign = toHex(signedBy(owner, { nonce: 1, to: WORKBENCH, chainId: 1 }));
    await expect(call('eth_sendRawTransaction', foreign)).rejects.toMatchObject({
      code: -32003,
      message: expect.stringMatching(/^invalid chain id/) as string,
    });
  });

  it('can be waited for', async () => {
    const hash = await set(1, 1);
    const waiting = call('treadle_awaitReceipt', hash, 10_000);
    await chain.seal();
    expect(await waiting).toMatchObject({ transactionHash: hash, status: '0x1' });
    expect(await call('treadle_awaitReceipt', hash, 10_000)).toMatchObject({ transactionHash: hash });
    expect(await call('treadle_awaitReceipt', nowhere, 0)).toBeNull();
    expect(await call('treadle_awaitReceipt', nowhere, 5_000)).toBeNull();
    expect(chain.world.waits()).toEqual([]);
    await expect(call('treadle_awaitReceipt', nowhere, 60_001)).rejects.toMatchObject({ code: -32005 });
  });

  it('can be sent and waited for at once', async () => {
    const raw = (data: number) =>
      toHex(signedBy(owner, { nonce: nonce++, to: WORKBENCH, data: callData('set(uint256,uint256)', data, 1) }));
    const sent = call('eth_sendRawTransactionSync', raw(1));
    await Promise.resolve();
    await expect.poll(() => chain.ledger.pendingCount()).toBe(1);
    await chain.seal();
    expect(await sent).toMatchObject({ status: '0x1', blockNumber: '0x1' });
    await expect(call('eth_sendRawTransactionSync', raw(2), 500)).rejects.toMatchObject({
      code: 4,
      data: { hash: expect.stringMatching(/^0x/) as string },
    });
  });
});

describe('logs', () => {
  it('are found by range, block, address and topics', async () => {
    await set(1, 10);
    await set(2, 20);
    const { header } = await chain.seal();
    await set(1, 11);
    await chain.seal();
    const count = async (filter: object): Promise<number> => (await call<unknown[]>('eth_getLogs', filter)).length;
    expect(await count({ fromBlock: 'earliest', toBlock: 'latest' })).toBe(3);
    expect(await count({})).toBe(1);
    expect(await count({ blockHash: header.hash })).toBe(2);
    expect(await count({ fromBlock: '0x0', address: stranger })).toBe(0);
    expect(await count({ fromBlock: '0x0', address: [stranger, WORKBENCH], topics: [changed] })).toBe(3);
    expect(await count({ fromBlock: '0x0', topics: [null, null, `0x${word(1)}`] })).toBe(2);
    expect(await count({ fromBlock: '0x0', topics: [[changed, nowhere], null, [`0x${word(1)}`, `0x${word(2)}`]] })).toBe(3);
    expect(await count({ fromBlock: '0x1', toBlock: '0x1' })).toBe(2);
    expect(await count({ fromBlock: '0x3' })).toBe(0);
    expect(await count({ fromBlock: '0x0', toBlock: '0xffff' })).toBe(3);
    await expect(call('eth_getLogs', { fromBlock: '0x2', toBlock: '0x1' })).rejects.toMatchObject({ code: -32602 });
    await expect(call('eth_getLogs', { blockHash: nowhere })).rejects.toMatchObject({ code: -32001 });
    expect((await call<unknown[]>('eth_getLogs', { fromBlock: '0x2' }))[0]).toMatchObject({
      address: WORKBENCH,
      topics: [changed, `0x${word(owner.address)}`, `0x${word(1)}`],
      data: `0x${word(11)}`,
      blockNumber: '0x2',
      logIndex: '0x0',
      removed: false,
    });
  });

  it('are polled without losing or repeating one', async () => {
    await set(1, 1);
    await chain.seal();
    const filter = await call('eth_newFilter', { address: WORKBENCH });
    const blocks = await call('eth_newBlockFilter');
    const pending = await call('eth_newPendingTransactionFilter');
    expect(await call('eth_getFilterChanges', filter)).toEqual([]);
    const hashes = [await set(2, 2), await set(3, 3)];
    expect(await call('eth_getFilterChanges', pending)).toEqual(hashes);
    expect(await call('eth_getFilterChanges', pending)).toEqual([]);
    const sealed = [await chain.seal()];
    const [first, second] = await Promise.all([
      call<unknown[]>('eth_getFilterChanges', filter),
      call<unknown[]>('eth_getFilterChanges', filter),
    ]);
    expect([first.length, second.length]).toEqual([2, 0]);
    sealed.push(await chain.seal());
    expect(await call('eth_getFilterChanges', blocks)).toEqual(sealed.map(({ header }) => header.hash));
    expect(await call('eth_getFilterLogs', filter)).toEqual([]);
    expect(await call('eth_uninstallFilter', filter)).toBe(true);
    expect(await call('eth_uninstallFilter', filter)).toBe(false);
    await expect(call('eth_getFilterChanges', filter)).rejects.toMatchObject({ code: -32000 });
    await expect(call('eth_getFilterLogs', blocks)).rejects.toMatchObject({ code: -32000 });
    expect(await call('eth_uninstallFilter', pending)).toBe(true);
  });

  it('come in parts when they are too many for one answer', async () => {
    // A contract that makes 4000 empty logs a call: PUSH2 4000; JUMPDEST; LOG0; subtract 1; JUMPI.
    const runtime = '610fa05b5f5fa0600190038060035700';
    const deploy = fromHex(`6f${runtime}5f5260106010f3`);
    const deployed = await call('eth_sendRawTransaction', toHex(signedBy(owner, { nonce: nonce++, data: deploy })));
    await chain.seal();
    const { contractAddress: to } = await call<{ contractAddress: Hex }>('eth_getTransactionReceipt', deployed);
    const filter = await call('eth_newFilter', { address: to });
    for (let block = 0; block < 3; block++) {
      await call('eth_sendRawTransaction', toHex(signedBy(owner, { nonce: nonce++, to, gas: 10_000_000n })));
      await chain.seal();
    }
    await expect(call('eth_getLogs', { fromBlock: '0x0' })).rejects.toMatchObject({
      code: -32005,
      data: { reason: 'LEDGER_LOGS_TOO_MANY' },
    });
    const counts: number[] = [];
    const logs: { blockNumber: string; logIndex: string }[] = [];
    for (let poll = 0; poll < 5; poll++) {
      const part = await call<typeof logs>('eth_getFilterChanges', filter);
      counts.push(part.length);
      logs.push(...part);
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(LOGS_RESULT_MAX);
    expect(counts.filter((count) => count > 0).length).toBeGreaterThan(1);
    expect(new Set(logs.map((log) => `${log.blockNumber} ${log.logIndex}`)).size).toBe(12_000);
    expect(logs).toHaveLength(12_000);
  });

  it('are forgotten when nobody polls, and bounded in number', async () => {
    const filter = await call('eth_newBlockFilter');
    await chain.advance(299_000_000);
    expect(await call('eth_getFilterChanges', filter)).toEqual([]);
    await chain.advance(301_000_000);
    await expect(call('eth_getFilterChanges', filter)).rejects.toMatchObject({ code: -32000 });
    for (let count = 0; count < 1024; count++) await call('eth_newBlockFilter');
    await expect(call('eth_newBlockFilter')).rejects.toMatchObject({ code: -32005 });
  });
});

describe('treadle_', () => {
  it('reports consensus, peers, membership and the node', async () => {
    expect(await call('treadle_consensus')).toMatchObject({ height: 1, round: 0, phase: 'idle', viewChanges: 2, headNumber: 0 });
    expect(await call('treadle_peers')).toHaveLength(3);
    expect(await call('treadle_membership')).toMatchObject({ proposals: [] });
    expect(await call('treadle_node')).toMatchObject({ chainId: CHAIN_ID, syncing: false });
  });

  it('hands out certificates and headers that can be checked', async () => {
    await chain.seal();
    const certificate = await call<RpcCertificate & { signers: string[] }>('treadle_certificate', 'latest');
    expect(certificate.signers).toHaveLength(4);
    expect(parseCertificate(certificate)).toEqual((await chain.ledger.block(1))?.certificate);
    expect(await call('treadle_certificate', '0x0')).toBeNull();
    const headers = await call<{ number: number; hash: Hex; rlp: Hex; certificate: unknown }[]>('treadle_headers', 0, 10);
    expect(headers.map((header) => header.number)).toEqual([0, 1]);
    for (const header of headers) expect(toHex(keccak256(fromHex(header.rlp)))).toBe(header.hash);
    expect(headers[0]?.certificate).toBeNull();
    expect(await call('treadle_headers', 5, 10)).toEqual([]);
    await expect(call('treadle_headers', 0, 513)).rejects.toMatchObject({ code: -32602 });
  });

  it('proves receipts', async () => {
    await set(1, 1);
    const hash = await set(2, 2);
    const { header } = await chain.seal();
    const found = await call<{ header: { hash: Hex }; certificate: RpcCertificate; index: number; key: Hex; proof: Hex[] }>(
      'treadle_receiptProof',
      hash,
    );
    expect(found).toMatchObject({ header: { hash: header.hash }, index: 1, key: toHex(RLP.encode(1)) });
    expect(found.proof.map((node) => toHex(keccak256(fromHex(node))))).toContain(header.receiptsRoot);
    expect(await call('treadle_receiptProof', nowhere)).toBeNull();
  });
});
