import type { Server } from 'node:net';
import { join } from 'node:path';
import { ContractFactory, JsonRpcProvider, Wallet } from 'ethers';
import { createPublicClient, createWalletClient, defineChain, http, parseAbi, parseEventLogs, webSocket } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  blockAt,
  type Consortium,
  fleetWork,
  height,
  killRest,
  logLines,
  moreTasks,
  rpc,
  showLogsOnFailure,
  startNode,
  up,
} from './support/consortium.ts';
import { COUNTER_SIGNATURES, compileCounter } from './support/counter.ts';
import { readBooks } from './support/disk-books.ts';
import { type Command, isRunning, killAtOnce, takePort, tearTail, temporaryFolder, until } from './support/processes.ts';

// One consortium of real processes goes through all of this in order: each step begins where the one before left it.

const FIRST_PORT = 21_500;
const EDGES = 2;
const DEVICES = 3;
const GROWS_WITHIN_MS = 60_000;
const PATIENCE_MS = 45_000;
// Each wait has a deadline of its own; several of them make a step.
vi.setConfig({ testTimeout: 3 * PATIENCE_MS });

const folder = temporaryFolder();
const home = join(folder.path, 'home');
const start = () => up({ folder: folder.path, firstPort: FIRST_PORT, edges: EDGES, devices: DEVICES });
const taken: Server[] = [];
const started: Command[] = [];
let consortium: Consortium;
let resumed: Consortium | undefined;

beforeAll(async () => {
  // The first ports of JSON-RPC and console belong to somebody else, and so do those where proxy and centre would be dialled.
  for (const port of [0, 200, 400, 404]) taken.push(await takePort(FIRST_PORT + port));
  const from = performance.now();
  consortium = await start();
  await until('the chain grows', GROWS_WITHIN_MS, async () => (await height(consortium.document.rpcUrl)) >= 3);
  expect(performance.now() - from).toBeLessThan(GROWS_WITHIN_MS);
}, 2 * GROWS_WITHIN_MS);

afterAll(async () => {
  await killRest(started, [consortium, resumed]);
  for (const server of taken) server.close();
  folder.remove();
});

/** Where the node would be dialled if its port were free. */
function planned(name: string): readonly string[] {
  return consortium.members.find((member) => member.folder === name)?.addresses ?? [];
}

describe('a consortium of real processes', () => {
  it('moves to the next free ports where the first ones are taken, and says which', async () => {
    showLogsOnFailure(folder.path);
    const { rpcUrl, consoleUrl } = consortium.document;
    expect(Number(new URL(rpcUrl).port)).toBeGreaterThan(FIRST_PORT);
    expect(Number(new URL(consoleUrl).port)).toBeGreaterThan(FIRST_PORT + 200);
    expect(await rpc<{ readonly role: string }>(rpcUrl, 'treadle_node')).toMatchObject({ role: 'proxy' });
    expect((await fetch(`${consoleUrl}/api/overview`)).status).toBe(200);
    const urls = consortium.document.nodes.flatMap((node) => [node.rpcUrl, node.consoleUrl].filter((url) => url !== undefined));
    expect(new Set(urls).size).toBe(urls.length);
    for (const name of ['proxy', 'centre']) expect(consortium.node(name).addresses[0]).not.toContain(planned(name)[0]);
    // From now on they are free: whoever starts again goes back to them.
    for (const server of taken.splice(0)) server.close();
  });

  it('does tasks, and pays for them', async () => {
    showLogsOnFailure(folder.path);
    await moreTasks(consortium, 3, PATIENCE_MS);
    const work = await until('payments are acknowledged', PATIENCE_MS, async () => {
      const now = await fleetWork(consortium);
      return now.vouchers >= 3 && now;
    });
    expect(work.failed).toBe(0);
  });

  it('is an Ethereum chain to viem, over HTTP and WebSocket', async () => {
    showLogsOnFailure(folder.path);
    const { rpcUrl } = consortium.document;
    const id = await createPublicClient({ transport: http(rpcUrl) }).getChainId();
    const nativeCurrency = { name: 'Ether', symbol: 'ETH', decimals: 18 };
    const chain = defineChain({ id, name: 'a chain', nativeCurrency, rpcUrls: { default: { http: [rpcUrl] } } });
    const account = privateKeyToAccount(generatePrivateKey());
    const reader = createPublicClient({ chain, transport: http(), pollingInterval: 100 });
    const writer = createWalletClient({ chain, transport: http(), account });
    const socket = createPublicClient({ chain, transport: webSocket(rpcUrl.replace('http', 'ws'), { reconnect: false }) });
    const abi = parseAbi(COUNTER_SIGNATURES);

    const deployed = await reader.waitForTransactionReceipt({
      hash: await writer.deployContract({ abi, bytecode: compileCounter() }),
    });
    expect(deployed.status).toBe('success');
    const address = deployed.contractAddress;
    if (!address) throw new Error('no contract was made');
    const heads: bigint[] = [];
    const heard: { readonly total?: bigint | undefined }[] = [];
    const problems: Error[] = [];
    const onError = (error: Error) => problems.push(error);
    const stopHeads = socket.watchBlockNumber({ onBlockNumber: (number) => heads.push(number), onError });
    const stopLogs = socket.watchContractEvent({
      address,
      abi,
      eventName: 'Added',
      onLogs: (logs) => heard.push(...logs.map(({ args }) => args)),
      onError,
    });
    // Subscribed before anything happens: the node has answered once a head has come.
    await until('a head comes over the socket', PATIENCE_MS, () => heads.length > 0);

    expect(await reader.estimateContractGas({ address, abi, functionName: 'add', args: [5n], account })).toBeGreaterThan(21_000n);
    const receipt = await reader.waitForTransactionReceipt({
      hash: await writer.writeContract({ address, abi, functionName: 'add', args: [5n] }),
    });
    expect(parseEventLogs({ abi, logs: receipt.logs })[0]?.args).toEqual({ who: account.address, amount: 5n, total: 5n });
    expect(await reader.readContract({ address, abi, functionName: 'total' })).toBe(5n);
    await expect(reader.simulateContract({ address, abi, functionName: 'add', args: [0n], account })).rejects.toThrow(
      'nothing to add',
    );
    await until('the log comes over the socket', PATIENCE_MS, () => heard.some(({ total }) => total === 5n));
    await until('its head comes over the socket', PATIENCE_MS, () => heads.some((number) => number >= receipt.blockNumber));
    expect(problems).toEqual([]);
    stopHeads();
    stopLogs();

    const proof = await reader.getProof({ address, storageKeys: [`0x${'0'.repeat(64)}`] });
    expect(proof.storageProof[0]?.value).toBe(5n);
    expect(proof.accountProof.length).toBeGreaterThan(0);
    const fees = await reader.getFeeHistory({ blockCount: 4, rewardPercentiles: [50] });
    expect(fees.baseFeePerGas.every((fee) => fee === 0n)).toBe(true);
    (await socket.transport.getRpcClient()).close();
  });

  it('and to ethers', async () => {
    showLogsOnFailure(folder.path);
    const provider = new JsonRpcProvider(consortium.document.rpcUrl, undefined, { polling: true, pollingInterval: 100 });
    const wallet = new Wallet(generatePrivateKey(), provider);
    const factory = new ContractFactory([...COUNTER_SIGNATURES], compileCounter(), wallet);
    const contract = await (await factory.deploy()).waitForDeployment();
    const sent = await contract.getFunction('add')(7n);
    const receipt = await sent.wait();
    expect(receipt?.status).toBe(1);
    expect(await contract.getFunction('total')()).toBe(7n);
    const events = await contract.queryFilter('Added');
    expect(events.map((event) => ('args' in event ? event.args.toArray() : []))).toEqual([[wallet.address, 7n, 7n]]);
    expect(await provider.getBalance(wallet.address)).toBe(0n);
    provider.destroy();
  });
});

describe('kill -9', () => {
  it("of one company's sealer stops nobody; it comes back, mends its torn logs and catches up", async () => {
    showLogsOnFailure(folder.path);
    const victim = consortium.node('company-2');
    await killAtOnce([victim.pid]);
    const others = height(consortium.document.rpcUrl);
    await moreTasks(consortium, 3, PATIENCE_MS);
    expect(await height(consortium.document.rpcUrl)).toBeGreaterThan(await others);

    const logs = join(home, 'company-2/data/logs');
    tearTail(join(logs, 'votes.log'));
    tearTail(join(logs, 'pool.log'));
    const back = await startNode(folder.path, join(home, 'company-2'));
    started.push(back);
    const cut = logLines(back.errorFile, 'log_tail_cut');
    expect(cut.map(({ file }) => String(file).split('/').at(-1)).sort()).toEqual(['pool.log', 'votes.log']);
    const behind = back.report.rpcUrl;
    const target = await height(consortium.document.rpcUrl);
    await until('the sealer has caught up', PATIENCE_MS, async () => (await height(behind)) >= target);
    expect((await blockAt(behind, target))?.hash).toBe((await blockAt(consortium.document.rpcUrl, target))?.hash);
    // And it seals again: at once, although its own proposals are not waited for before its next try.
    await until('its vote is in a certificate', PATIENCE_MS, async () => {
      const certificate = await rpc<{ readonly signers: readonly string[] }>(behind, 'treadle_certificate', 'latest');
      return certificate.signers.includes(victim.node);
    });
  });

  it('of everything loses nothing that was acknowledged; treadle up goes on from there', async () => {
    showLogsOnFailure(folder.path);
    const { rpcUrl } = consortium.document;
    const sealer = consortium.node('company-1').rpcUrl;
    const accepted = await loadUntilKilled(sealer, async (acknowledged) => {
      await until('transactions are acknowledged', PATIENCE_MS, () => acknowledged() >= 8);
      const top = await height(rpcUrl);
      const hashes = await Promise.all(
        Array.from({ length: top + 1 }, async (_, number) => (await blockAt(rpcUrl, number))?.hash),
      );
      await killAtOnce([...consortium.pids(), ...started.map(({ pid }) => pid)]);
      return hashes;
    });
    const before = await readBooks(home, { edges: EDGES, devices: DEVICES });
    const delivered = before.paid.filter(({ stage }) => stage === 'delivered');
    expect(delivered.length).toBeGreaterThan(5);
    for (const log of [
      'proxy/data/logs/vouchers-proxy.log',
      'proxy/data/logs/votes.log',
      'company-1/data/logs/pool.log',
      'edge-1/data/logs/vouchers-edge.log',
    ]) {
      tearTail(join(home, log));
    }

    resumed = await start();
    expect(resumed.document.resumed).toBe(true);
    for (const name of ['proxy', 'centre']) expect(resumed.node(name).addresses[0]).toContain(planned(name)[0]);
    const again = resumed.document.rpcUrl;
    for (const [number, hash] of accepted.hashes.entries()) expect((await blockAt(again, number))?.hash).toBe(hash);
    await moreTasks(resumed, 3, PATIENCE_MS);
    expect(accepted.transactions.length).toBeGreaterThanOrEqual(8);
    const places = await until('every acknowledged transaction is in a block', PATIENCE_MS, async () => {
      const found = await placesOf(again, accepted.transactions);
      return found.every((blocks) => blocks > 0) && found;
    });
    expect(places).toEqual(accepted.transactions.map(() => 1));
  });

  it('Ctrl-C stops everything cleanly, and the books hold all that was ever acknowledged', async () => {
    showLogsOnFailure(folder.path);
    if (resumed === undefined) throw new Error('the consortium did not resume');
    const pids = resumed.pids();
    resumed.command.process.kill('SIGINT');
    expect(await resumed.command.ended).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);

    const { paid, proxy, edges, edgeWei } = await readBooks(home, { edges: EDGES, devices: DEVICES });
    const acknowledged = paid.filter(({ stage }) => stage === 'delivered' || stage === 'forwarding' || stage === 'received');
    expect(acknowledged.length).toBeGreaterThan(8);
    expect(acknowledged.filter(({ taskId }) => !proxy.tasks.has(taskId))).toEqual([]);
    expect(paid.filter(({ taskId, stage }) => stage === 'delivered' && !edges.has(taskId))).toEqual([]);
    expect(proxy.promisedWei).toBeLessThanOrEqual(proxy.receivedWei);
    expect(edgeWei).toBeLessThanOrEqual(proxy.promisedWei);
    for (const [name, log] of [
      ['proxy', 'vouchers-proxy.log'],
      ['company-1', 'pool.log'],
      ['edge-1', 'vouchers-edge.log'],
    ] as const) {
      const cut = logLines(join(home, 'logs', `${name}.log`), 'log_tail_cut').map(({ file }) => String(file).split('/').at(-1));
      expect(cut).toContain(log);
    }
  });
});

/** Sends transactions to a node, one after the other, until the node is gone; returns those that it acknowledged. */
async function loadUntilKilled<T>(
  url: string | undefined,
  kill: (acknowledged: () => number) => Promise<T>,
): Promise<{ readonly transactions: readonly string[]; readonly hashes: T }> {
  const transactions: string[] = [];
  const chainId = Number(await rpc<string>(url, 'eth_chainId'));
  let gone = false;
  const load = (async () => {
    while (!gone) {
      const account = privateKeyToAccount(generatePrivateKey());
      const raw = await account.signTransaction({
        chainId,
        nonce: 0,
        to: account.address,
        value: 0n,
        gas: 21_000n,
        maxFeePerGas: 0n,
        maxPriorityFeePerGas: 0n,
      });
      try {
        transactions.push(await rpc<string>(url, 'eth_sendRawTransaction', raw));
      } catch {
        // Not acknowledged: it may be lost.
      }
      await until('a moment has passed', 1_000, passed(100));
    }
  })();
  const hashes = await kill(() => transactions.length);
  gone = true;
  await load;
  return { transactions, hashes };
}

function passed(ms: number): () => boolean {
  const from = performance.now();
  return () => performance.now() - from >= ms;
}

/** In how many blocks each transaction stands, by reading every block. */
async function placesOf(url: string, hashes: readonly string[]): Promise<readonly number[]> {
  const counts = new Map<string, number>();
  const top = await height(url);
  for (let number = 1; number <= top; number++) {
    for (const hash of (await blockAt(url, number))?.transactions ?? []) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  }
  return hashes.map((hash) => counts.get(hash) ?? 0);
}
