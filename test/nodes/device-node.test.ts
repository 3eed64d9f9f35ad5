import { describe, expect, it } from 'vitest';
import { consortiumClient, edgeRegistryClient } from '../../src/contracts/index.ts';
import { type Cluster, createCluster } from '../../src/experiments/index.ts';
import { createDeviceNode, deviceReady } from '../../src/node/index.ts';
import { at, withMessages } from '../faults/support/between.ts';
import { newKey, sealerSetup } from '../faults/support/members.ts';
import {
  deviceNode,
  ledgerNode,
  logged,
  MINUTE,
  ON_DEMAND,
  SECOND,
  SMALL,
  startCluster,
} from '../faults/support/small-cluster.ts';

const RPC_PROTOCOL = 'rpc/1';

/** The JSON-RPC of a full node of which one answer is changed, while `lie` is set. */
function liar() {
  const state: { lie: ((method: string, result: unknown) => unknown) | undefined } = { lie: undefined };
  return {
    state,
    between: (environment: Parameters<typeof withMessages>[0]) =>
      withMessages(environment, {
        async answer(protocol, from, body, handle) {
          const answer = await handle(from, body);
          if (protocol !== RPC_PROTOCOL || state.lie === undefined) return answer;
          const { method } = JSON.parse(new TextDecoder().decode(body)) as { method: string };
          const told = JSON.parse(new TextDecoder().decode(answer)) as { result: unknown };
          return new TextEncoder().encode(JSON.stringify({ ...told, result: state.lie(method, told.result) }));
        },
      }),
  };
}

/** What `createNode` would be given for a seat, for a device that does only what it is told. */
async function byHand(cluster: Cluster, seat: string) {
  const setup = cluster.seats.get(seat)?.setup;
  if (setup === undefined) throw new Error(`there is no seat ${seat}`);
  const environment = cluster.world.addNode(setup.key.address);
  const platform = { version: 'test', fatal: (error: unknown) => expect.fail(String(error)) };
  return { environment, device: await createDeviceNode(environment, setup, platform, { periodic: false }) };
}

describe('a device', () => {
  it('asks for no more once it is told to be quiet, and what is under way ends', async () => {
    const cluster = await startCluster(SMALL);
    const device = deviceNode(cluster, 'device-1');
    await cluster.world.runUntil(() => device.work().requested > device.work().completed, MINUTE);
    const { requested } = device.work();
    await cluster.world.run(device.quiesce());
    expect(device.work()).toMatchObject({ requested, completed: requested, failed: 0, vouchers: requested });
    await cluster.world.runFor(5 * SMALL.devices.taskIntervalMicros);
    expect(device.work().requested).toBe(requested);
    expect(device.tasks).toHaveLength(requested);
    expect(device.tasks.every(({ paid, outcome }) => paid && outcome !== undefined)).toBe(true);
  });

  it('that is told to be quiet before it is ready asks for nothing', async () => {
    const cluster = createCluster(SMALL, 1);
    await cluster.start();
    const device = deviceNode(cluster, 'device-1');
    await cluster.world.run(device.quiesce());
    await cluster.world.run(device.ready, MINUTE);
    await cluster.world.runFor(5 * SMALL.devices.taskIntervalMicros);
    expect(device.work().requested).toBe(0);
    expect(deviceNode(cluster, 'device-2').work().requested).toBeGreaterThan(0);
  });

  it('goes on through another full node while that of its company is down', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const device = deviceNode(cluster, 'device-1');
    expect(device.company).toBe(cluster.id('company-1'));
    expect(device.peering.directory.lookup(device.company)).toBeDefined();
    cluster.crash('company-1');
    const record = await cluster.world.run(device.runTask());
    expect(record).toMatchObject({ paid: true });
    cluster.restart('company-1');
    await cluster.world.runUntil(() => device.environment.network.peers().includes(device.company), MINUTE);
    expect(await cluster.world.run(device.runTask())).toMatchObject({ paid: true });
    expect(cluster.failures).toEqual([]);
  });

  it('that starts again is registered already, and goes on with its channel', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const { world } = cluster;
    await world.run(deviceNode(cluster, 'device-1').runTask());
    const written = () => ledgerNode(cluster, 'company-1').full.ledger.transactionCount();
    // The edge node reports its work, the proxy takes its money: that comes first.
    await world.runFor(30 * SECOND);
    const before = written();
    cluster.crash('device-1');
    cluster.restart('device-1');
    await world.runUntil(() => cluster.seats.get('device-1')?.node !== undefined, MINUTE);
    await world.run(deviceNode(cluster, 'device-1').ready, MINUTE);
    expect(written()).toBe(before);
    expect(await world.run(deviceNode(cluster, 'device-1').runTask())).toMatchObject({ paid: true });
  });

  it.each<readonly [string, (method: string, result: unknown) => unknown]>([
    [
      'shows another edge node in the receipt of a match',
      (method, result) => {
        if (method !== 'treadle_awaitReceipt' || result === null) return result;
        const receipt = result as { logs: { data: string }[] };
        return {
          ...receipt,
          logs: receipt.logs.map((log) => ({ ...log, data: log.data.replace(/^0x.{64}/, `0x${'7'.repeat(64)}`) })),
        };
      },
    ],
    [
      'says that transactions fail',
      (method, result) =>
        method === 'treadle_awaitReceipt' && result !== null ? { ...(result as object), status: '0x0' } : result,
    ],
    ['proves nothing', (method, result) => (method === 'treadle_receiptProof' ? null : result)],
  ])("does not believe its company's node that %s, and asks another", async (_what, lie) => {
    const { state, between } = liar();
    const cluster = await startCluster(ON_DEMAND, { between: at('company-1', between) });
    const device = deviceNode(cluster, 'device-1');
    state.lie = lie;
    const record = await cluster.world.run(device.runTask());
    expect(record).toMatchObject({ paid: true });
    const passed = logged(cluster, 'upstream.passed-over', 'device-1');
    expect(passed.map(({ fields }) => [fields['peer'], fields['code']])).toContainEqual([
      cluster.id('company-1'),
      'NODE_RECEIPT_UNPROVED',
    ]);
    const registry = edgeRegistryClient(ledgerNode(cluster, 'company-2').full.client);
    const node = await cluster.world.run(registry.task(record.outcome?.taskId ?? '0x').then((task) => task.node));
    expect(record.outcome?.match.node).toBe(node);
  });

  it('does not take the genuine match of another task for its own', async () => {
    const { state, between } = liar();
    // Whoever the device is connected with lies in the same way: it must not find a way around.
    const cluster = await startCluster(ON_DEMAND, {
      between: (environment, { name }) => (/^(proxy|company)/.test(name) ? between(environment) : environment),
    });
    const device = deviceNode(cluster, 'device-1');
    const first = await cluster.world.run(device.runTask());
    const registry = edgeRegistryClient(ledgerNode(cluster, 'company-2').full.client);
    const { transactionHash } = await cluster.world.run(
      ledgerNode(cluster, 'company-2')
        .full.ledger.logs({ fromBlock: 0, toBlock: 'latest', addresses: [], topics: [[], [first.outcome?.taskId ?? '0x']] })
        .then((logs) => logs[0] ?? expect.fail('the match left no log')),
    );
    const { rpc } = ledgerNode(cluster, 'company-2').full;
    const [receipt, proof] = await cluster.world.run(
      Promise.all([
        rpc.call('eth_getTransactionReceipt', [transactionHash]),
        rpc.call('treadle_receiptProof', [transactionHash]),
      ]),
    );
    state.lie = (method, result) => {
      if (result === null) return result;
      if (method === 'treadle_receiptProof') return proof;
      return method === 'treadle_awaitReceipt'
        ? { ...(receipt as object), transactionHash: (result as { transactionHash: string }).transactionHash }
        : result;
    };
    const second = await cluster.world.run(device.runTask());
    // Every full node shows the receipt of another transaction, which its proof gives away: none is left to ask.
    expect(second.error?.code).toBe('CONTRACT_TIMEOUT');
    expect(second.outcome).toBeUndefined();
    expect(device.work()).toMatchObject({ completed: 1, failed: 1, vouchers: 1 });
    expect((await cluster.world.run(registry.nodeCount())).toString()).toBe('3');
  });

  it('pays nobody who is only said to be the proxy', async () => {
    const { state, between } = liar();
    const impostor = `0x${'00'.repeat(12)}${'5'.repeat(40)}`;
    const cluster = createCluster(ON_DEMAND, 1, {
      between: (environment, { name }) => (/^(proxy|company)/.test(name) ? between(environment) : environment),
    });
    // Every answer of a contract that is the proxy's address and nothing else is changed.
    const proxy = cluster.id('proxy');
    state.lie = (method, result) =>
      method === 'eth_call' && result === `0x${'00'.repeat(12)}${proxy.slice(2)}` ? impostor : result;
    await cluster.start();
    await cluster.world.runFor(30 * SECOND);
    const waiting = logged(cluster, 'waiting', 'device-1').map(({ fields }) => String(fields['reason']));
    expect(waiting.at(-1)).toMatch(/^NODE_PROXY_UNPROVED/);
    state.lie = undefined;
    await cluster.world.run(deviceReady(deviceNode(cluster, 'device-1'), MINUTE));
    expect((await deviceNode(cluster, 'device-1').treadle.membership()).proxy).toBe(proxy);
  });

  it('follows the companies to another proxy', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const { world } = cluster;
    const device = deviceNode(cluster, 'device-1');
    const key = newKey('another proxy');
    const account = key.address;
    const voters = ['company-1', 'company-2', 'company-3'].map((name) => consortiumClient(ledgerNode(cluster, name).full.client));
    const [first, ...others] = voters;
    const proposed = await world.run(
      first?.propose({ kind: 'replaceProxy', account }) ?? expect.fail('there are three companies'),
    );
    await cluster.join('another-proxy', sealerSetup(cluster, { role: 'proxy', name: 'Another proxy', key }));
    for (const voter of others) await world.run(voter.vote({ id: proposed.id, approve: true }), 10 * MINUTE);
    await world.runUntil(() => ledgerNode(cluster, 'company-1').full.ledger.sealers().includes(account), 2 * MINUTE);
    expect(await world.run(first?.proxy() ?? expect.fail(), MINUTE)).toBe(account);
    await world.run(device.runTask(), 10 * MINUTE);
    await world.run(device.runTask(), 10 * MINUTE);
    const { proxy, sealers } = await device.treadle.membership();
    expect(proxy).toBe(account);
    expect(sealers).toContain(account);
    expect(sealers).not.toContain(cluster.id('proxy'));
  });

  it('that is stopped before it is ready says so to whoever waits for it', async () => {
    const cluster = createCluster(ON_DEMAND, 1);
    const { device, environment } = await byHand(cluster, 'device-1');
    await cluster.world.run(device.start());
    const waiting = [deviceReady(device, MINUTE), device.runTask()].map((promise) => promise.catch((error: unknown) => error));
    await cluster.world.runFor(SECOND);
    const before = cluster.world.now;
    await cluster.world.run(device.stop());
    expect(cluster.world.now - before).toBeLessThan(SECOND);
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ code: 'NODE_NO_UPSTREAM' });
    await cluster.world.runFor(MINUTE);
    expect(environment.network.peers()).toEqual([]);
  });

  it('that finds nobody is not ready in time', async () => {
    const cluster = createCluster(ON_DEMAND, 1);
    const { device } = await byHand(cluster, 'device-1');
    await cluster.world.run(device.start());
    await expect(cluster.world.run(deviceReady(device, 3 * SECOND))).rejects.toMatchObject({
      code: 'NODE_NO_UPSTREAM',
      detail: 'the device was not ready within 3 s',
    });
  });
});
