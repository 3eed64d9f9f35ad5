import { type Abi, encodeDeployData, encodeFunctionData, type Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INBOX_ADDRESS, OUTBOX_ADDRESS, oracleRegistryClient, PEDAL_ADDRESS } from '../../src/contracts/index.ts';
import { lendBlsCurve } from '../../src/crypto/index.ts';
import { nativeBlsCurve } from '../../src/environment/host/index.ts';
import { jsonAnswer } from '../../src/environment/sim/index.ts';
import { apps, DEPOSIT_WEI, ORACLES, outsider, type Part, startLedgers, until } from './support/ledgers.ts';

const EXECUTED = 1;
const FEE_WEI = 7n;

beforeAll(() => lendBlsCurve(nativeBlsCurve));
afterAll(() => lendBlsCurve(() => undefined));

describe('contracts of an outsider', () => {
  it('learn a temperature on one ledger, shut a valve on another, and hear that it is shut', async () => {
    const { cluster, north, south } = await startLedgers({ trust: 'both' });
    const { world } = cluster;
    world.outside.publish('https://plant.example/*', jsonAnswer({ celsius: 93 }));
    const registry = oracleRegistryClient(north.client);
    await until(cluster, async () => (await registry.setOf(await registry.currentTerm())).length === ORACLES.length);
    const [watcher, plumber] = [outsider('watcher'), outsider('plumber')];
    const [watch, valve] = [at(north, 'OvenWatch', watcher.address), at(south, 'Valve', plumber.address)];
    await world.run(watcher.place(north, watch.code(PEDAL_ADDRESS, INBOX_ADDRESS, OUTBOX_ADDRESS, south.id, valve.to)));
    await world.run(plumber.place(south, valve.code(INBOX_ADDRESS, OUTBOX_ADDRESS, north.id, watch.to)));
    await until(
      cluster,
      async () => (await north.chain.code(watch.to, 'latest')).length * (await south.chain.code(valve.to, 'latest')).length > 0,
    );
    expect(await world.run(valve.read('shut'))).toBe(false);

    const expiresAt = BigInt(Math.floor(north.chain.head.timestampMs / 1000) + 240);
    const data = encodeFunctionData({ abi: watch.abi, functionName: 'watch', args: [expiresAt, FEE_WEI] });
    await world.run(north.client.transact({ to: watch.to, data, value: FEE_WEI + DEPOSIT_WEI }));
    await until(cluster, async () => (await watch.read('temperature')) === 93n);
    await until(cluster, async () => (await valve.read('shut')) === true);
    await until(cluster, async () => (await watch.read('lastOutcome')) === EXECUTED);

    expect(await world.run(valve.read('orders'))).toBe(1n);
    const shutAt = Number(await world.run(watch.read('shutAt')));
    expect(shutAt).toBeGreaterThan(Number(expiresAt) - 240);
    expect(shutAt).toBeLessThanOrEqual(Math.floor(south.chain.head.timestampMs / 1000));
    expect(await world.run(north.outbox.lane(south.id))).toMatchObject({ sent: 1n, open: 0n });
    expect(cluster.ledger('north').failures).toEqual([]);
  }, 120_000);
});

/** A contract of somebody outside, at the address where it will be. */
function at({ client }: Part, name: string, to: Hex) {
  const { abi, bytecode } = apps.get(name) ?? expect.fail(`there is no contract ${name}`);
  const known = abi as Abi;
  return {
    to,
    abi: known,
    code: (...args: readonly unknown[]): Hex => encodeDeployData({ abi: known, bytecode, args }),
    read: (functionName: string): Promise<unknown> => client.call({ to, abi: known, functionName, args: [] }),
  };
}
