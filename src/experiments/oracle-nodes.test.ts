import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { issueCertificate } from '../consortium/index.ts';
import { consortiumClient, type OracleNodeRecord, oracleRegistryClient, pedalClient } from '../contracts/index.ts';
import { blsKeyOfNode, toEip2537G1, toHex } from '../crypto/index.ts';
import { type NodeSetup, type OracleNode, registerObserver } from '../node/index.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { loadScenario } from './scenario/index.ts';

const MINUTE = 60_000_000;
const TEXT = `
scenario: oracle-nodes
duration: 60 s
ledger: { companies: 3, blockInterval: 500 ms, heartbeat: 1 s, baseTimeout: 2 s }
edge: { count: 1 }
devices: { count: 0 }
oracle: { nodes: 6, termBlocks: 8, electBlocks: 2, minStake: 10 ether, jobs: { data: { groupSize: 5, fee: 7 wei } } }
`;
const scenario = loadScenario(TEXT, { file: 'oracle.yaml', readFile: (path) => readFileSync(path, 'utf8') });
const ETHER = 10n ** 18n;

/** A consortium whose oracle nodes are registered. */
async function started() {
  const cluster = createCluster(scenario, 1);
  await cluster.start();
  await until(cluster, () => cluster.running('oracle').every(({ keeper }) => keeper.seat?.record.inSet === true));
  const { client } = cluster.running('proxy')[0]?.full ?? expect.fail('there is no proxy');
  const ask = <T>(question: Promise<T>): Promise<T> => cluster.world.run(question);
  return { cluster, ask, client, registry: oracleRegistryClient(client), pedal: pedalClient(client) };
}

function until(cluster: Cluster, condition: () => boolean): Promise<void> {
  return cluster.world.runUntil(condition, 5 * MINUTE);
}

/** Undefined while it starts. */
function node(cluster: Cluster, name: string): OracleNode | undefined {
  return cluster.running('oracle').find(({ id }) => id === cluster.id(name));
}

function withOracle(setup: NodeSetup | undefined, change: { readonly stakeWei?: string; readonly retire?: boolean }): NodeSetup {
  if (setup?.file.role !== 'oracle') return expect.fail('this is no oracle node');
  return { ...setup, file: { ...setup.file, oracle: { ...setup.file.oracle, ...change } } };
}

describe('oracle nodes', () => {
  it('register with stake and key, and genesis has the jobs', async () => {
    const { cluster, ask, registry, pedal } = await started();
    expect(await ask(registry.currentTerm().then((term) => registry.setOf(term + 1n)))).toHaveLength(6);
    const records: OracleNodeRecord[] = [];
    for (let id = 1; id <= 6; id++) records.push(await ask(registry.node(id)));
    for (const { state, stakeWei } of records) expect({ state, stakeWei }).toEqual({ state: 'active', stakeWei: 10n * ETHER });
    const nodesOf = Map.groupBy(records, ({ member }) => member);
    expect([...nodesOf.values()].map(({ length }) => length)).toEqual([2, 2, 2]);
    expect(await ask(pedal.job('data'))).toMatchObject({ feeWei: 7n, groupSize: 5, enabled: true });
    expect(await ask(pedal.job('message'))).toMatchObject({ groupSize: 4, maxResultBytes: 8_192 });
    expect(await ask(pedal.job('nothing'))).toBeUndefined();
    expect(await ask(pedal.settings())).toMatchObject({ termBlocks: 8n, electBlocks: 2n, expectedWinners: 3n });
    expect(cluster.failures).toEqual([]);
  });

  it('are made to leave when their certificate is revoked, and come back with a new one and the next key', async () => {
    const { cluster, ask, registry } = await started();
    const account = cluster.id('oracle-1');
    const setup = cluster.seats.get('oracle-1')?.setup;
    const company = cluster.running('company').find(({ id }) => id === setup?.file.company);
    if (setup?.certificate === undefined || company === undefined) return expect.fail('oracle-1 has no company');
    const id = await ask(registry.idOf(account));
    const first = await ask(registry.node(id));

    await ask(consortiumClient(company.full.client).revokeObserver(account));
    // One of the others sees to it in the next term or in the one in which it is its turn.
    for (let seconds = 0; seconds < 300 && (await ask(registry.node(id))).state === 'active'; seconds++) {
      await cluster.world.runFor(1_000_000);
    }
    expect(await ask(registry.node(id))).toMatchObject({ state: 'leaving', inSet: false });

    const { observer, role, expiresAtSeconds, serial, chainId } = setup.certificate;
    const certificate = issueCertificate(
      {
        observer,
        role,
        chainId,
        serial: `0x${serial.slice(2).replace(/^./, (digit) => (digit === '1' ? '2' : '1'))}`,
        expiresAtSeconds: expiresAtSeconds + 60,
      },
      company.full.setup.key,
    );
    await ask(registerObserver(company.full.client, certificate));
    cluster.replace('oracle-1', { ...setup, certificate });
    await until(cluster, () => node(cluster, 'oracle-1')?.keeper.seat?.record.id === 7);

    const again = await ask(registry.node(await ask(registry.idOf(account))));
    expect(again).toMatchObject({ id: 7, state: 'active', inSet: true, stakeWei: 10n * ETHER });
    expect(again.publicKey).not.toBe(first.publicKey);
    expect(again.publicKey).toBe(toHex(toEip2537G1(blsKeyOfNode(setup.key, 1).publicKey)));
    // Whoever starts again finds its key without any file of its own.
    cluster.crash('oracle-1');
    cluster.restart('oracle-1');
    await until(cluster, () => node(cluster, 'oracle-1')?.keeper.seat?.record.id === 7);
    expect(cluster.failures).toEqual([]);
  }, 60_000);

  it('put down more when told to, and retire with their stake', async () => {
    const { cluster, ask, client, registry } = await started();
    const id = await ask(registry.idOf(cluster.id('oracle-2')));
    cluster.replace('oracle-2', withOracle(cluster.seats.get('oracle-2')?.setup, { stakeWei: (20n * ETHER).toString() }));
    await until(cluster, () => node(cluster, 'oracle-2')?.keeper.seat?.record.stakeWei === 20n * ETHER);

    cluster.replace('oracle-2', withOracle(cluster.seats.get('oracle-2')?.setup, { retire: true }));
    await until(cluster, () => node(cluster, 'oracle-2')?.keeper.retired === true);
    expect(await ask(registry.node(id))).toMatchObject({ state: 'gone', stakeWei: 0n });
    expect(await ask(client.balance(cluster.id('oracle-2')))).toBe(100n * ETHER);
    expect(cluster.failures).toEqual([]);
  }, 60_000);
});
