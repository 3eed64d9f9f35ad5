import {
  Contract,
  JsonRpcApiProvider,
  type JsonRpcError,
  type JsonRpcPayload,
  type JsonRpcResult,
  parseEther,
  Wallet,
} from 'ethers';
import { createPublicClient, createWalletClient, custom, defineChain, encodeFunctionData, parseAbi, parseEventLogs } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../crypto/index.ts';
import { signedPayload } from '../payload/testing/signed-payload.ts';
import { WORKBENCH_INIT_CODE } from '../testing/contracts.ts';
import { CHAIN_ID, testKey, WORKBENCH } from '../testing/fixtures.ts';
import { createProvider } from './provider.ts';
import type { Rpc } from './rpc.ts';
import { openTestChain, owner, type TestChain } from './testing/test-chain.ts';

const signatures = [
  'event Changed(address indexed who, uint256 indexed key, uint256 value)',
  'function set(uint256 key, uint256 value) payable',
  'function values(uint256 key) view returns (uint256)',
  'function fail(string reason) pure',
] as const;
const abi = parseAbi(signatures);
const to = testKey(1).address;

let chain: TestChain;
beforeEach(async () => {
  chain = await openTestChain({ sealAtOnce: true });
});

describe('viem', () => {
  const account = privateKeyToAccount(toHex(owner.privateKey));
  const clients = () => {
    const transport = custom(createProvider(chain.rpc), { retryCount: 0 });
    const network = defineChain({
      id: CHAIN_ID,
      name: 'test',
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [] } },
    });
    return {
      reader: createPublicClient({ transport, chain: network, pollingInterval: 10 }),
      writer: createWalletClient({ transport, chain: network, account }),
    };
  };

  it('transfers, and reads what came of it', async () => {
    const { reader, writer } = clients();
    expect(await reader.getChainId()).toBe(CHAIN_ID);
    const hash = await writer.sendTransaction({ to, value: 5n });
    const receipt = await reader.waitForTransactionReceipt({ hash });
    expect(receipt).toMatchObject({
      status: 'success',
      blockNumber: 1n,
      effectiveGasPrice: 0n,
      type: 'eip1559',
      gasUsed: 21_000n,
    });
    expect(await reader.getBalance({ address: to })).toBe(10n ** 18n + 5n);
    expect(await reader.getBalance({ address: to, blockNumber: 0n })).toBe(10n ** 18n);
    expect(await reader.getTransactionCount({ address: account.address })).toBe(1);
    expect(await reader.getTransaction({ hash })).toMatchObject({ value: 5n, blockNumber: 1n, typeHex: '0x2', gasPrice: 0n });
    const block = await reader.getBlock({ includeTransactions: true });
    expect(block).toMatchObject({ number: 1n, baseFeePerGas: 0n, transactions: [{ hash, from: account.address.toLowerCase() }] });
    expect(block.size).toBeGreaterThan(600n);
    expect(await reader.getTransactionConfirmations({ hash })).toBe(1n);
  });

  it('deploys a contract and uses it', async () => {
    const { reader, writer } = clients();
    const deployed = await reader.waitForTransactionReceipt({
      hash: await writer.deployContract({ abi, bytecode: WORKBENCH_INIT_CODE }),
    });
    const address = deployed.contractAddress ?? to;
    expect((await reader.getCode({ address }))?.length).toBeGreaterThan(100);
    const { request } = await reader.simulateContract({ abi, address, functionName: 'set', args: [4n, 44n], account });
    const receipt = await reader.waitForTransactionReceipt({ hash: await writer.writeContract(request) });
    expect(parseEventLogs({ abi, logs: receipt.logs })).toMatchObject([{ eventName: 'Changed', args: { key: 4n, value: 44n } }]);
    expect(await reader.readContract({ abi, address, functionName: 'values', args: [4n] })).toBe(44n);
    const events = await reader.getContractEvents({ abi, address, eventName: 'Changed', args: { key: 4n }, fromBlock: 0n });
    expect(events).toMatchObject([{ blockNumber: 2n, args: { value: 44n } }]);
    expect(await reader.getLogs({ address, fromBlock: 'earliest', toBlock: 'latest' })).toHaveLength(1);
    expect(await reader.estimateContractGas({ abi, address, functionName: 'set', args: [5n, 5n], account })).toBeGreaterThan(
      40_000n,
    );
  });

  it('decodes a revert', async () => {
    const { reader } = clients();
    await expect(reader.readContract({ abi, address: WORKBENCH, functionName: 'fail', args: ['no coal'] })).rejects.toThrow(
      /reverted with the following reason:\s*no coal/,
    );
    const data = encodeFunctionData({ abi, functionName: 'fail', args: ['no coal'] });
    await expect(reader.estimateGas({ to: WORKBENCH, data, account })).rejects.toThrow(/no coal/);
  });

  it('understands a refused transaction', async () => {
    const { writer } = clients();
    await writer.sendTransaction({ to, value: 1n });
    await expect(writer.sendTransaction({ to, value: 1n, nonce: 0, gas: 21_000n })).rejects.toMatchObject({
      cause: { name: 'NonceTooLowError' },
    });
  });

  it('reads fees and proofs', async () => {
    const { reader } = clients();
    expect(await reader.getGasPrice()).toBe(0n);
    expect(await reader.estimateFeesPerGas()).toMatchObject({ maxFeePerGas: 0n, maxPriorityFeePerGas: 0n });
    expect(await reader.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] })).toMatchObject({
      oldestBlock: 0n,
      baseFeePerGas: [0n, 0n],
      reward: [[0n, 0n]],
    });
    const proof = await reader.getProof({ address: WORKBENCH, storageKeys: [`0x${'0'.repeat(63)}1`] });
    expect(proof).toMatchObject({ balance: 0n, nonce: 1, storageProof: [{ value: 7n }] });
  });

  it('watches blocks and events through filters', async () => {
    const { reader, writer } = clients();
    const seen: bigint[] = [];
    const stop = reader.watchContractEvent({
      abi,
      address: WORKBENCH,
      eventName: 'Changed',
      onLogs: (logs) => seen.push(...logs.map((log) => log.args.value ?? 0n)),
    });
    try {
      await expect.poll(() => chain.rpc.call('eth_blockNumber', [])).toBe('0x0');
      await expect
        .poll(async () => {
          await writer.writeContract({ abi, address: WORKBENCH, functionName: 'set', args: [1n, BigInt(seen.length)] });
          return seen.length;
        })
        .toBeGreaterThan(1);
    } finally {
      stop();
    }
  });
});

/** ethers over the text of JSON-RPC, as it goes over HTTP. */
class TextProvider extends JsonRpcApiProvider {
  readonly rpc: Rpc;
  constructor(rpc: Rpc) {
    super(CHAIN_ID, { pollingInterval: 20, batchStallTime: 0 });
    this.rpc = rpc;
    this._start();
  }
  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<(JsonRpcResult | JsonRpcError)[]> {
    const answer = JSON.parse((await this.rpc.handleText(JSON.stringify(payload))) ?? '[]') as JsonRpcResult | JsonRpcResult[];
    return Array.isArray(answer) ? answer : [answer];
  }
}

describe('ethers', () => {
  let provider: TextProvider;
  let wallet: Wallet;
  beforeEach(() => {
    provider = new TextProvider(chain.rpc);
    wallet = new Wallet(toHex(owner.privateKey), provider);
  });
  afterEach(() => provider.destroy());

  it('transfers, and reads what came of it', async () => {
    const sent = await wallet.sendTransaction({ to, value: parseEther('0.25') });
    const receipt = await sent.wait();
    expect(receipt).toMatchObject({ status: 1, blockNumber: 1, gasPrice: 0n, gasUsed: 21_000n });
    expect(await provider.getBalance(to)).toBe(parseEther('1.25'));
    expect(await provider.getTransactionCount(wallet.address)).toBe(1);
    expect((await provider.getNetwork()).chainId).toBe(BigInt(CHAIN_ID));
    const block = await provider.getBlock('latest', true);
    expect(block?.prefetchedTransactions).toMatchObject([{ hash: sent.hash, gasPrice: 0n }]);
    expect(block).toMatchObject({ number: 1, baseFeePerGas: 0n, miner: expect.stringMatching(/^0x/) as string });
    expect(await provider.getFeeData()).toMatchObject({ gasPrice: 0n });
  });

  it('reads blocks with payload transactions', async () => {
    const body = Uint8Array.of(1, 2, 3);
    const raw = signedPayload(owner, { nonce: 0, to, body });
    const hash = (await chain.rpc.call('treadle_sendPayloadTransaction', [toHex(raw), toHex(body)])) as string;
    // Without ethers' own wait: it waits for the block after the one that came before it looked.
    await expect.poll(() => provider.getTransactionReceipt(hash)).toMatchObject({ status: 1, type: 0x50, blockNumber: 1 });
    const block = await provider.getBlock(1, true);
    expect(block?.prefetchedTransactions).toMatchObject([{ hash, type: 0x50, from: wallet.address }]);
    expect(await provider.getTransaction(hash)).toMatchObject({ hash, nonce: 0, value: 0n });
  });

  it('uses a contract', async () => {
    const contract = new Contract(WORKBENCH, signatures, wallet);
    const receipt = await (await contract.getFunction('set')(7, 70)).wait();
    expect(receipt.logs[0].args.value).toBe(70n);
    expect(await contract.getFunction('values')(7)).toBe(70n);
    expect(await contract.getFunction('set').estimateGas(8, 80)).toBeGreaterThan(40_000n);
    expect(await contract.queryFilter('Changed', 0)).toMatchObject([{ blockNumber: 1 }]);
    expect(await provider.getStorage(WORKBENCH, 1)).toBe(`0x${'0'.repeat(63)}7`);
    expect(await provider.send('eth_getProof', [WORKBENCH, ['0x1'], 'latest'])).toMatchObject({
      storageProof: [{ key: '0x1', value: '0x7' }],
    });
    expect(await provider.send('eth_feeHistory', ['0x1', 'latest', []])).toMatchObject({ oldestBlock: '0x1' });
  });

  it('decodes a revert, and knows a used nonce and a missing method', async () => {
    const contract = new Contract(WORKBENCH, signatures, wallet);
    await expect(contract.getFunction('fail')('no steam')).rejects.toMatchObject({ code: 'CALL_EXCEPTION', reason: 'no steam' });
    await (await wallet.sendTransaction({ to })).wait();
    await expect(wallet.sendTransaction({ to, value: 1, nonce: 0, gasLimit: 21_000 })).rejects.toMatchObject({
      code: 'NONCE_EXPIRED',
    });
    await expect(provider.send('hardhat_metadata', [])).rejects.toMatchObject({ code: 'UNSUPPORTED_OPERATION' });
  });
});
