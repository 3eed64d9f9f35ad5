import { describe, expect, it } from 'vitest';
import { sendPayload } from '../../src/contracts/index.ts';
import { equalBytes, type Hex } from '../../src/crypto/index.ts';
import type { Cluster } from '../../src/experiments/index.ts';
import { commitPayload } from '../../src/ledger/index.ts';
import { forks, height, ledgerNode, MINUTE, ON_DEMAND, SEALERS, SECOND, startCluster } from './support/small-cluster.ts';

const MB = 1_000_000;
const to = '0x00000000000000000000000000000000000000aa';

const bodyOf = (step: number) => Uint8Array.from({ length: MB }, (_, at) => (at * step) % 253);

/** Sends a body from one sealer and waits for the block that holds it. */
async function send(cluster: Cluster, name: string, body: Uint8Array): Promise<Hex> {
  const { client } = ledgerNode(cluster, name).full;
  const receipt = await cluster.world.run(sendPayload(client, { to, body }), 2 * MINUTE);
  expect(receipt.succeeded).toBe(true);
  return receipt.transactionHash;
}

async function holds(cluster: Cluster, name: string, body: Uint8Array): Promise<boolean> {
  const { ledger } = ledgerNode(cluster, name).full;
  const held = await cluster.world.run(ledger.payload(commitPayload(body, 'application/octet-stream').root));
  return held !== undefined && equalBytes(held.body, body);
}

describe('bodies of payload transactions', () => {
  it('of 1 MB are decided with their transactions and readable at every sealer', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const bodies = [bodyOf(3), bodyOf(5), bodyOf(7)];
    const hashes = [
      await send(cluster, 'company-1', bodies[0] as Uint8Array),
      await send(cluster, 'company-2', bodies[1] as Uint8Array),
      await send(cluster, 'proxy', bodies[2] as Uint8Array),
    ];
    await cluster.world.runFor(10 * SECOND);
    for (const name of SEALERS) {
      for (const body of bodies) expect(await holds(cluster, name, body), name).toBe(true);
      for (const hash of hashes) {
        const found = await cluster.world.run(ledgerNode(cluster, name).full.ledger.transaction(hash));
        expect(found?.place, name).toBeDefined();
      }
    }
    expect(await forks(cluster)).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });

  it('reach a sealer that was down when they were decided', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const { world } = cluster;
    cluster.crash('company-3');
    const body = bodyOf(11);
    await send(cluster, 'company-1', body);
    cluster.restart('company-3');
    await world.runUntil(() => cluster.seats.get('company-3')?.node !== undefined, 5 * SECOND);
    await world.runUntil(() => height(cluster, 'company-3') >= height(cluster, 'company-1'), 2 * MINUTE);
    const { environment } = ledgerNode(cluster, 'company-3').full;
    await world.runUntil(() => environment.metrics.snapshot()['payload_bodies_missing'] === 0, 2 * MINUTE);
    await world.runFor(10 * SECOND);
    expect(await holds(cluster, 'company-3', body)).toBe(true);
    expect(cluster.failures).toEqual([]);
  });
});
