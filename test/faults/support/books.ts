import { EDGE_REGISTRY_ADDRESS } from '../../../src/contracts/index.ts';
import type { Cluster } from '../../../src/experiments/index.ts';
import {
  type ConservationReport,
  channelTotals,
  conservation,
  createMatchAudit,
  type MatchAuditReport,
  type RegistryEvent,
  readRegistryEvent,
} from '../../../src/market/index.ts';
import { ledgerNode } from './small-cluster.ts';

/** Every event of the edge registry, as the ledger of one node holds them. */
export async function registryEvents(cluster: Cluster, name = 'company-1'): Promise<readonly RegistryEvent[]> {
  const logs = await cluster.world.run(
    ledgerNode(cluster, name).full.client.logs({ address: EDGE_REGISTRY_ADDRESS, fromBlock: 0, toBlock: 'latest' }),
  );
  return logs.flatMap((log) => readRegistryEvent(log) ?? []);
}

/** Searches again, outside the contract, for every match that was ever made. */
export async function auditMatches(cluster: Cluster): Promise<MatchAuditReport> {
  const audit = createMatchAudit({ fromBlock: 0 });
  for (const event of await registryEvents(cluster)) audit.apply(event);
  return audit.report();
}

/** The money in the channels: ask at rest. */
export async function channelMoney(cluster: Cluster): Promise<ConservationReport> {
  const { client, ledger } = ledgerNode(cluster, 'company-1').full;
  return conservation(await cluster.world.run(channelTotals(client, ledger.head.number)));
}

/** What the proxy has on disk from devices, and what it promised edge nodes. */
export function brokerBooks(cluster: Cluster): { readonly receivedWei: bigint; readonly promisedWei: bigint } {
  const [node] = cluster.running('proxy');
  if (node === undefined) throw new Error('the proxy is not up');
  return { receivedWei: node.proxy.received.receivedWei, promisedWei: node.proxy.promised.promisedWei };
}
