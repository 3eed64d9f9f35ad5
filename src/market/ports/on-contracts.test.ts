import { describe, expect, it } from 'vitest';
import { RpcNode } from '../../../contracts/test/rpc-node.ts';
import { certify, createWorld as createConsortium, DEVICE, EDGE_NODE } from '../../../contracts/test/world.ts';
import type { ChainFeed, FeedBlock } from '../../contracts/index.ts';
import {
  consortiumClient,
  createLedgerClient,
  EDGE_REGISTRY_ADDRESS,
  edgeRegistryClient,
  PAYMENT_CHANNELS_ADDRESS,
  type PlacedLog,
  type Rpc,
  readLogs,
  serviceId,
} from '../../contracts/index.ts';
import type { Hex, NodeKey } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { conservation } from '../channel/conservation.ts';
import { signVoucher } from '../channel/voucher.ts';
import { encodeSamples, SAMPLES_MEDIA_TYPE } from '../services/index.ts';
import { type DeviceLife, MarketWorld, SECOND, testKey } from '../testing/market-world.ts';
import { channelTotals } from './channel-totals.ts';
import { createChannelChain } from './contract-channels.ts';
import { createMatchChain } from './contract-matches.ts';

const EDGES = [testKey('edge 0'), testKey('edge 1')];
const DEVICES = [testKey('device 0'), testKey('device 1')];
const PRICES = [5n, 7n];

const order = {
  service: 'vibration.spectrum',
  mediaType: SAMPLES_MEDIA_TYPE,
  input: encodeSamples({ sampleRateHz: 1000, unit: 'm/s2', axes: [Float32Array.from({ length: 256 }, (_, at) => Math.sin(at))] }),
  latitudeE6: 0,
  longitudeE6: 0,
  priceLimitWei: 10n,
};

/** The market's nodes on the real contracts: an EVM with one transaction per block, whose clock follows the simulation. */
async function onContracts() {
  const consortium = await createConsortium();
  const node = new RpcNode(consortium.chain);
  const listeners = new Set<(block: FeedBlock) => void>();
  const [company] = consortium.companies;
  const startMicros = consortium.chain.now() * SECOND;
  const state = { number: 0, feeding: Promise.resolve() };

  const nowMicros = () => market.world.now;

  const logsOf = async (address: Hex) =>
    readLogs(await node.rpc('eth_getLogs', [{ address }])).filter(({ blockNumber }) => blockNumber > state.number);

  async function feedNewBlocks(): Promise<void> {
    const logs: PlacedLog[] = [...(await logsOf(EDGE_REGISTRY_ADDRESS)), ...(await logsOf(PAYMENT_CHANNELS_ADDRESS))];
    const blocks = [...new Set(logs.map(({ blockNumber }) => blockNumber))].sort((left, right) => left - right);
    state.number = node.minedCount;
    for (const number of blocks) {
      const block = {
        number,
        timestampMs: consortium.chain.now() * 1000,
        logs: logs.filter(({ blockNumber }) => blockNumber === number),
      };
      for (const listener of listeners) listener(block);
    }
  }

  const rpc: Rpc = async (method, params) => {
    const behind = Math.floor(nowMicros() / SECOND) - consortium.chain.now();
    if (behind > 0) consortium.chain.advance(behind);
    const answer = await node.rpc(method, params);
    if (method === 'eth_sendRawTransaction') await feedNewBlocks();
    return answer;
  };

  const feed: ChainFeed = {
    get head() {
      return { number: node.minedCount, timestampMs: consortium.chain.now() * 1000 };
    },
    onBlock(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };

  const clientOf = (environment: Environment, key: NodeKey) =>
    createLedgerClient({ rpc, key, environment, chainId: consortium.chain.chainId });

  const market = new MarketWorld({
    edges: 2,
    devices: 2,
    startMicros,
    policy: { depositWei: 20n, topUpWei: 20n, lowWaterWei: 0n },
    ports: (environment, key) => {
      const client = clientOf(environment, key);
      // As in a consortium: edge nodes and the proxy follow the chain, a device only knows its own transactions.
      const isDevice = DEVICES.some(({ address }) => address === key.address);
      const dependencies = { client, ...(!isDevice && { feed }) };
      return { channels: createChannelChain(dependencies), matches: createMatchChain(dependencies), cut: () => undefined };
    },
  });
  for (const { address } of [market.proxyKey, ...EDGES, ...DEVICES]) await consortium.chain.fund(address, 1_000_000n);

  const clerk = clientOf(market.world.addNode(testKey('clerk').address), company);
  const registry = edgeRegistryClient(clerk);
  for (const [keys, role] of [
    [EDGES, EDGE_NODE],
    [DEVICES, DEVICE],
  ] as const) {
    for (const { address } of keys) {
      const { certificate, signature } = certify(consortium, company, address, role);
      await market.world.run(consortiumClient(clerk).registerObserver(certificate, signature));
    }
  }
  for (const [index, { address }] of EDGES.entries()) {
    const offer = {
      latitudeE6: 0,
      longitudeE6: 1000 * index,
      capacity: 20,
      priceWei: PRICES[index] as bigint,
      services: [serviceId('vibration.spectrum')],
    };
    await market.world.run(registry.addNode(address, offer));
  }
  await market.start();
  const totals = () => market.world.run(channelTotals(clerk, node.minedCount));
  const balance = (key: NodeKey) => market.world.run(clerk.balance(key.address));
  return { market, registry, totals, balance, node };
}

const payFor = (
  market: MarketWorld,
  device: DeviceLife,
  outcome: { readonly taskId: Hex; readonly match: { readonly node: Hex; readonly priceWei: bigint } },
) =>
  market.world.run(
    device.pay.payer.pay({
      payee: market.proxyKey.address,
      payment: { taskId: outcome.taskId, node: outcome.match.node, amountWei: outcome.match.priceWei },
    }),
  );

describe('on the real contracts', () => {
  it('tasks are matched, done, completed and paid, and every wei is accounted for', async () => {
    const { market, registry, totals, balance } = await onContracts();
    const [first, second] = market.devices as [DeviceLife, DeviceLife];
    for (let count = 0; count < 4; count++) {
      for (const device of [first, second]) {
        const outcome = await market.world.run(device.tasks.run(order));
        expect(outcome.match).toMatchObject({
          node: EDGES[0]?.address,
          priceWei: 5n,
          service: order.service,
          device: device.environment.node,
        });
        expect(outcome.match.choice).toMatchObject({ nodeId: 1, distanceSquared: 0n, among: [1, 2] });
        expect(await payFor(market, device, outcome)).toMatchObject({
          stage: 'delivered',
          edgeReceipt: { payee: EDGES[0]?.address, amountWei: 5n },
        });
      }
    }
    await market.world.runFor(5 * SECOND);
    expect(await market.world.run(registry.node(1n))).toMatchObject({ completed: 8, inUse: 0, failed: 0 });
    const before = await totals();
    expect(conservation(before)).toMatchObject({ conserved: true, paidWei: 0n });
    expect(before.depositedWei).toBe(40n + 100n);

    await market.world.run(market.proxy.proxy.payee.claimAll());
    await market.world.run(market.edges[0]?.payee.payee.claimAll() ?? Promise.reject(new Error('no edge')));
    expect(await balance(EDGES[0] as NodeKey)).toBe(1_000_000n + 40n);
    expect(conservation(await totals())).toMatchObject({ conserved: true, paidWei: 80n });

    // Topped up as needed after the claims, then closed by the payee: the rest is back.
    const outcome = await market.world.run(first.tasks.run(order));
    expect((await payFor(market, first, outcome))?.stage).toBe('delivered');
    const [channel] = [...market.proxy.proxy.received.channels()];
    await market.world.run(market.proxy.proxy.payee.close(channel?.channelId as Hex));
    expect(await balance(DEVICES[0] as NodeKey)).toBe(1_000_000n - 25n);
    expect(conservation(await totals()).conserved).toBe(true);
  });

  it('a failed node is replaced, and the failure is on its record', async () => {
    const { market, registry } = await onContracts();
    market.crash(market.edges[0] as never);
    const [device] = market.devices as [DeviceLife];
    const outcome = await market.world.run(device.tasks.run(order));
    expect(outcome.match).toMatchObject({ node: EDGES[1]?.address, attempt: 2, priceWei: 7n, choice: { nodeId: 2, among: [2] } });
    expect((await payFor(market, device, outcome))?.stage).toBe('delivered');
    expect(await market.world.run(registry.node(1n))).toMatchObject({ failed: 1, inUse: 0 });
  });

  it('says why nothing matches', async () => {
    const { market } = await onContracts();
    const [device] = market.devices as [DeviceLife];
    for (const [changes, reason] of [
      [{ service: 'image.classify' }, 'noneOffersService'],
      [{ priceLimitWei: 1n }, 'allAboveLimit'],
    ] as const) {
      const failed = await market.world.run(
        device.tasks.run({ ...order, ...changes }).then(
          () => undefined,
          (error: unknown) => error,
        ),
      );
      expect(failed).toMatchObject({ code: 'TASK_NO_MATCH', data: { reason } });
    }
  });

  it('a node that was away reads a match from before its memory', async () => {
    const { market } = await onContracts();
    const [device] = market.devices as [DeviceLife];
    const taskId = `${device.environment.node}${'0'.repeat(24)}` as Hex;
    const outcome = await market.world.run(device.ports.matches.requestMatch({ ...order, taskId }));
    market.crash(market.edges[0] as never);
    await market.restartEdge(0);
    const seen = await market.world.run(market.edges[0]?.ports.matches.task(taskId) ?? Promise.resolve(undefined));
    expect(outcome).toMatchObject({ matched: true, match: seen });
    expect(await market.world.run(market.proxy.ports.matches.task(taskId))).toEqual(seen);
    expect(await market.world.run(market.proxy.ports.matches.task(`0x${'1'.repeat(64)}`))).toBeUndefined();
  });

  it('the payer closes, the payee claims in time, the payer withdraws', async () => {
    const { market, totals, balance } = await onContracts();
    const [device] = market.devices as [DeviceLife];
    const outcome = await market.world.run(device.tasks.run(order));
    await payFor(market, device, outcome);
    await market.world.run(device.pay.payer.close({ payee: market.proxyKey.address }));
    await market.world.runUntil(() => [...device.pay.promised.channels()].length === 0, 120 * SECOND);
    expect(await balance(DEVICES[0] as NodeKey)).toBe(1_000_000n - 5n);
    const sums = await totals();
    expect(conservation(sums).conserved).toBe(true);
    expect([...market.proxy.proxy.received.channels()]).toEqual([]);
  });

  it('the contract refuses what the books would never send', async () => {
    const { market } = await onContracts();
    const [device] = market.devices as [DeviceLife];
    await payFor(market, device, await market.world.run(device.tasks.run(order)));
    const { channels } = device.ports;
    const channel = device.pay.promised.current(market.proxyKey.address)?.key as never;
    const forged = signVoucher(channels, testKey('stranger'), { channel, cumulativeWei: 6n });
    const high = signVoucher(channels, DEVICES[0] as NodeKey, { channel, cumulativeWei: 21n });
    for (const [voucher, errorName] of [
      [forged, 'NotSignedByPayer'],
      [high, 'AboveDeposit'],
    ] as const) {
      const refused = await market.world.run(
        market.proxy.ports.channels.claim(voucher).then(
          () => undefined,
          (error: unknown) => error,
        ),
      );
      expect(refused).toMatchObject({ code: 'CONTRACT_REVERTED', data: { errorName } });
    }
  });
});
