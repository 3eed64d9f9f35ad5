import { encodeFunctionData } from 'viem';
import { describe, expect, it } from 'vitest';
import {
  CONSORTIUM_ADDRESS,
  channelIdOf,
  consortiumClient,
  createLedgerClient,
  EDGE_REGISTRY_ADDRESS,
  edgeRegistryClient,
  type LedgerClient,
  PAYMENT_CHANNELS_ADDRESS,
  paymentChannelsClient,
  serviceId,
  taskIdOf,
  voucherDigest,
} from '../../src/contracts/index.ts';
import { type NodeKey, toEthereumSignature } from '../../src/crypto/index.ts';
import { createWorld as createSimulation, type World as Simulation } from '../../src/environment/sim/index.ts';
import { hasCode, TreadleError } from '../../src/errors.ts';
import { TRANSACT_IN_FLIGHT_MAX } from '../../src/limits.ts';
import { addressFor, keyOf } from './harness.ts';
import { nodeError, RpcNode } from './rpc-node.ts';
import { certify, createWorld, DEVICE, EDGE_NODE, type World } from './world.ts';

const HOUR_MICROS = 3_600_000_000;
const spectrum = serviceId('vibration.spectrum');

interface Bench {
  readonly world: World;
  readonly node: RpcNode;
  readonly simulation: Simulation;
  client(key?: NodeKey): LedgerClient;
  run<T>(promise: Promise<T>): Promise<T>;
}

async function createBench(): Promise<Bench> {
  const world = await createWorld();
  const node = new RpcNode(world.chain);
  const simulation = createSimulation({ seed: 1 });
  let lives = 0;
  return {
    world,
    node,
    simulation,
    client(key) {
      const environment = simulation.addNode(addressFor(`environment ${++lives}`));
      return createLedgerClient({ rpc: node.rpc, environment, chainId: world.chain.chainId, ...(key && { key }) });
    },
    run: (promise) => simulation.run(promise, HOUR_MICROS),
  };
}

/** The outcome of a promise that has to fail with a TreadleError. */
async function failure(promise: Promise<unknown>): Promise<TreadleError> {
  const outcome = await promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  );
  if (outcome instanceof TreadleError) return outcome;
  throw outcome;
}

async function fundedPayer(bench: Bench) {
  const key = keyOf('payer');
  await bench.world.chain.fund(key.address, 10n ** 20n);
  return { key, channels: paymentChannelsClient(bench.client(key)) };
}

const open = (nonce: bigint) => ({ payee: keyOf('payee').address, nonce, challengeSeconds: 60, depositWei: 100n });

describe('typed clients', () => {
  it('carry a consortium from registration to a completed task', async () => {
    const bench = await createBench();
    const [company] = bench.world.companies;
    const [deviceKey, nodeKey] = [keyOf('device key'), keyOf('node key')];
    const asCompany = bench.client(company);
    const consortium = consortiumClient(asCompany);
    for (const [observer, role] of [
      [deviceKey.address, DEVICE],
      [nodeKey.address, EDGE_NODE],
    ] as const) {
      const { certificate, signature } = certify(bench.world, company, observer, role);
      await bench.run(consortium.registerObserver(certificate, signature));
    }
    expect((await bench.run(consortium.observer(deviceKey.address))).standing).toBe('active');
    expect((await bench.run(consortium.observers({ offset: 0n, limit: 9n }))).map(({ role }) => role)).toEqual([
      'device',
      'edgeNode',
    ]);
    expect(await bench.run(consortium.sealers())).toHaveLength(4);
    expect(await bench.run(consortium.proxy())).toBe(bench.world.proxy.address);

    const registry = edgeRegistryClient(asCompany);
    const offer = { latitudeE6: 10, longitudeE6: 20, capacity: 2, priceWei: 5n, services: [spectrum] };
    const { id } = await bench.run(registry.addNode(nodeKey.address, offer));
    expect(await bench.run(registry.node(id))).toMatchObject({
      ...offer,
      state: 'active',
      node: nodeKey.address,
      company: company.address,
    });

    const device = edgeRegistryClient(bench.client(deviceKey));
    const query = { latitudeE6: 13, longitudeE6: 24, service: spectrum, maxPriceWei: 5n };
    expect(await bench.run(device.edgeMatch(query))).toMatchObject({ matched: true, nodeId: id, distanceSquared: 25n });
    expect(await bench.run(device.edgeMatch({ ...query, maxPriceWei: 4n }))).toEqual({ matched: false, reason: 'allAboveLimit' });
    const taskId = taskIdOf(deviceKey.address, new Uint8Array(12).fill(7));
    const outcome = await bench.run(device.requestMatch(taskId, query));
    expect(outcome).toMatchObject({
      matched: true,
      nodeId: id,
      node: nodeKey.address,
      company: company.address,
      priceWei: 5n,
      among: [1],
    });
    expect((await bench.run(device.task(taskId))).status).toBe('matched');
    expect(await bench.run(device.reportFailure(taskId, 'timedOut'))).toMatchObject({
      matched: false,
      reason: 'noneOffersService',
    });
    const second = taskIdOf(deviceKey.address, new Uint8Array(12).fill(8));
    await bench.run(device.requestMatch(second, query));
    const worker = edgeRegistryClient(bench.client(nodeKey));
    expect(await bench.run(worker.complete([second, taskId]))).toMatchObject({
      done: [second],
      skipped: [{ taskId, reason: 'notMatched' }],
    });
    expect(await bench.run(registry.node(id))).toMatchObject({ completed: 1, failed: 1, inUse: 0 });
    const logs = await bench.run(asCompany.logs({ address: EDGE_REGISTRY_ADDRESS, fromBlock: 0, toBlock: 'latest' }));
    expect(logs).toHaveLength(7);
  });

  it('carry a channel from opening to both ways of closing', async () => {
    const bench = await createBench();
    const { key, channels } = await fundedPayer(bench);
    const payeeKey = keyOf('payee');
    const payee = paymentChannelsClient(bench.client(payeeKey));
    const domain = { chainId: bench.world.chain.chainId, contract: PAYMENT_CHANNELS_ADDRESS };
    const { channelId } = await bench.run(channels.open(open(1n)));
    expect(channelId).toBe(channelIdOf({ ...domain, payer: key.address, payee: payeeKey.address, nonce: 1n }));
    expect((await bench.run(channels.topUp(channelId, 50n))).depositWei).toBe(150n);
    const voucher = (cumulativeWei: bigint) => ({
      cumulativeWei,
      signature: toEthereumSignature(key.sign(voucherDigest({ ...domain, channelId, cumulativeWei }))),
    });
    const parties = { payer: key.address, payee: payeeKey.address, nonce: 1n };
    expect((await bench.run(payee.claim(parties, voucher(30n)))).paidWei).toBe(30n);
    expect(await bench.run(payee.channel(channelId))).toMatchObject({ status: 'open', actsNext: 'nobody', claimedWei: 30n });
    expect(await bench.run(payee.cooperativeClose(parties, voucher(90n)))).toMatchObject({ claimedWei: 90n, refundedWei: 60n });
    await bench.run(channels.open(open(2n)));
    const closing = await bench.run(channels.startClose({ payee: payeeKey.address, nonce: 2n }));
    expect(closing.closingAt).toBe(BigInt(bench.world.chain.now() + 60));
    bench.world.chain.advance(60);
    expect(await bench.run(channels.withdraw({ payee: payeeKey.address, nonce: 2n }))).toMatchObject({ refundedWei: 100n });
    await bench.run(channels.open(open(3n)));
    expect(await bench.run(payee.cooperativeClose({ payer: key.address, nonce: 3n }))).toMatchObject({
      claimedWei: 0n,
      refundedWei: 100n,
    });
  });

  it('carry a vote', async () => {
    const bench = await createBench();
    const [first, second, third] = bench.world.companies;
    const others = [second, third].map((key) => consortiumClient(bench.client(key)));
    const newcomer = keyOf('newcomer');
    const account = newcomer.address;
    const proposed = await bench.run(
      consortiumClient(bench.client(first)).propose({ kind: 'addCompany', account, name: 'Newcomer' }),
    );
    const reader = consortiumClient(bench.client());
    expect(await bench.run(reader.positionOf(account))).toBe('candidate');
    const votes = [];
    for (const other of others) {
      const { executed, waitsFor } = await bench.run(other.vote({ id: proposed.id, approve: true }));
      votes.push([executed, waitsFor]);
    }
    expect(votes).toEqual([
      [false, 'nothing'],
      [false, 'sync'],
    ]);
    const height = bench.world.chain.height() - 1;
    const block = { height: BigInt(height), hash: bench.world.chain.hashOf(height) };
    const proved = await bench.run(consortiumClient(bench.client(newcomer)).proveSync(block));
    expect(proved).toMatchObject({ executed: true, replaced: false });
    expect(await bench.run(reader.proposal(proposed.id))).toMatchObject({
      kind: 'addCompany',
      state: 'executed',
      account,
      yes: 3,
    });
    expect(await bench.run(reader.isCompany(account))).toBe(true);
  });
});

describe('refusals', () => {
  it("come with the contract's reason, from the receipt or from asking again", async () => {
    for (const reasons of [true, false]) {
      const bench = await createBench();
      bench.node.reasons = reasons;
      const { channels } = await fundedPayer(bench);
      const error = await failure(bench.run(channels.open({ ...open(1n), challengeSeconds: 1 })));
      expect(error.code).toBe('CONTRACT_REVERTED');
      expect(error.data).toMatchObject({ errorName: 'ChallengeOutOfBounds', args: [1n, 60n, 2_592_000n] });
      expect(error.data['transactionHash']).toMatch(/^0x[0-9a-f]{64}$/);
    }
  });

  it('of views come with the reason too', async () => {
    const bench = await createBench();
    const error = await failure(bench.run(consortiumClient(bench.client()).proposal(9n)));
    expect([error.code, error.data['errorName'], error.data['args']]).toEqual(['CONTRACT_REVERTED', 'UnknownProposal', [9n]]);
  });

  it('say when nobody can sign, and when the node will never take it', async () => {
    const bench = await createBench();
    const reader = bench.client();
    expect((await failure(bench.run(reader.transact({ to: CONSORTIUM_ADDRESS })))).code).toBe('CONTRACT_NO_KEY');
    bench.node.fault = (method) => {
      if (method === 'eth_sendRawTransaction') throw nodeError(-32003, 'oversized data', 'POOL_TOO_LARGE');
    };
    const { channels } = await fundedPayer(bench);
    const error = await failure(bench.run(channels.open(open(1n))));
    expect([error.code, error.data['code']]).toEqual(['CONTRACT_REJECTED', -32003]);
  });

  it('name an answer that makes no sense', async () => {
    const bench = await createBench();
    const environment = bench.simulation.addNode(addressFor('bad'));
    const answers: Record<string, unknown> = { eth_call: '0x12', eth_getBalance: 7, eth_getLogs: {} };
    const bad = createLedgerClient({ rpc: async (method) => answers[method], environment, chainId: 1 });
    const requests: readonly (() => Promise<unknown>)[] = [
      () => consortiumClient(bad).sealers(),
      () => bad.balance(addressFor('x')),
      () => bad.logs({ address: CONSORTIUM_ADDRESS, fromBlock: 0, toBlock: 'latest' }),
    ];
    for (const request of requests) expect((await failure(bench.run(request()))).code).toBe('CONTRACT_BAD_ANSWER');
  });
});

describe('transactions', () => {
  it('may overlap: nonces follow the order of the calls', async () => {
    const bench = await createBench();
    const { channels, key } = await fundedPayer(bench);
    const nonces = Array.from({ length: 20 }, (_, index) => BigInt(index));
    const outcomes = await bench.run(Promise.all(nonces.map((nonce) => channels.open(open(nonce)))));
    expect(outcomes.map(({ receipt }) => receipt.blockNumber)).toEqual(nonces.map((nonce) => Number(nonce) + 1));
    expect(await bench.world.chain.nonce(key.address)).toBe(20n);
    expect(bench.node.requests.filter((method) => method === 'eth_getTransactionCount')).toHaveLength(1);
  });

  it('go on after one that was reverted', async () => {
    const bench = await createBench();
    const { channels } = await fundedPayer(bench);
    const outcomes = await bench.run(
      Promise.allSettled([channels.open(open(1n)), channels.open(open(1n)), channels.open(open(2n))]),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('happen once, whichever answers are lost', async () => {
    for (const lost of ['before', 'after'] as const) {
      const bench = await createBench();
      const { channels, key } = await fundedPayer(bench);
      let times = 0;
      bench.node.fault = (method, when) => {
        if (method === 'eth_sendRawTransaction' && when === lost && ++times <= 3) throw new Error('connection reset');
      };
      await bench.run(channels.open(open(1n)));
      await bench.run(channels.open(open(2n)));
      expect(await bench.world.chain.nonce(key.address)).toBe(2n);
      expect(bench.node.minedCount).toBe(2);
    }
  });

  it('find their way back after another program used the key', async () => {
    const bench = await createBench();
    const { channels, key } = await fundedPayer(bench);
    await bench.run(channels.open(open(1n)));
    const other = paymentChannelsClient(bench.client(key));
    await bench.run(other.open(open(2n)));
    await bench.run(channels.open(open(3n)));
    expect(await bench.world.chain.nonce(key.address)).toBe(3n);
  });

  it('wait while the node is busy, and give up in the end', async () => {
    const bench = await createBench();
    const { channels } = await fundedPayer(bench);
    let busy = 3;
    bench.node.fault = (method) => {
      if (method === 'eth_sendRawTransaction' && busy-- > 0) throw nodeError(-32005, 'txpool is full', 'POOL_FULL');
    };
    await bench.run(channels.open(open(1n)));
    busy = Number.POSITIVE_INFINITY;
    expect((await failure(bench.run(channels.open(open(2n))))).code).toBe('CONTRACT_UNREACHABLE');
    busy = 0;
    await bench.run(channels.open(open(2n)));
  });

  it('are sent again when the node lost its pool', async () => {
    const bench = await createBench();
    const { channels } = await fundedPayer(bench);
    bench.node.mining = false;
    const waiting = channels.open(open(1n));
    bench.node.fault = (method, when) => {
      if (method === 'treadle_awaitReceipt' && when === 'before' && !bench.node.mining) {
        bench.node.losePool();
        bench.node.mining = true;
      }
    };
    expect((await bench.run(waiting)).receipt.succeeded).toBe(true);
    expect(bench.node.minedCount).toBe(1);
  });

  it('are waited for by asking, at a node that does not wait itself', async () => {
    const bench = await createBench();
    Object.assign(bench.node, { awaits: false, mining: false });
    const { channels } = await fundedPayer(bench);
    const waiting = channels.open(open(1n));
    let mined = false;
    bench.node.fault = (method) => {
      const asked = bench.node.requests.filter((each) => each === 'eth_getTransactionReceipt').length;
      if (method === 'eth_getTransactionReceipt' && asked === 5 && !mined) {
        mined = true;
        void bench.node.mine();
      }
    };
    expect((await bench.run(waiting)).receipt.succeeded).toBe(true);
    await bench.node.mine();
    bench.node.mining = true;
    await bench.run(channels.open(open(2n)));
    expect(bench.node.requests.filter((method) => method === 'treadle_awaitReceipt')).toHaveLength(1);
  });

  it('time out with their hash when no block takes them', async () => {
    const bench = await createBench();
    Object.assign(bench.node, { awaits: false, mining: false });
    const { channels } = await fundedPayer(bench);
    const error = await failure(bench.run(channels.open(open(1n))));
    expect(error.code).toBe('CONTRACT_TIMEOUT');
    expect(error.data['transactionHash']).toMatch(/^0x[0-9a-f]{64}$/);
  });

  it('that run out of gas are sent once more with the most there is', async () => {
    const bench = await createBench();
    const key = bench.world.companies[0];
    const client = bench.client(key);
    const { certificate, signature } = certify(bench.world, key, addressFor('d'), DEVICE);
    const data = encodeFunctionData({
      abi: bench.world.consortium.abi,
      functionName: 'registerObserver',
      args: [certificate, signature],
    });
    const receipt = await bench.run(client.transact({ to: CONSORTIUM_ADDRESS, data, gas: 60_000n }));
    expect(receipt.succeeded).toBe(true);
    expect(bench.node.minedCount).toBe(2);
  });

  it('are limited in number', async () => {
    const bench = await createBench();
    Object.assign(bench.node, { awaits: false, mining: false });
    const { channels } = await fundedPayer(bench);
    const all = Array.from({ length: TRANSACT_IN_FLIGHT_MAX }, (_, index) =>
      channels.open(open(BigInt(index))).catch(() => undefined),
    );
    const oneMore = await failure(channels.open(open(9999n)));
    expect(hasCode(oneMore, 'CONTRACT_BUSY')).toBe(true);
    bench.node.fault = () => {
      throw nodeError(-32003, 'oversized data', 'POOL_TOO_LARGE');
    };
    await bench.run(Promise.all(all));
  });
});
