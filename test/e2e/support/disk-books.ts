import { join } from 'node:path';
import { loadNode } from '../../../src/cli/load-setup.ts';
import { createLedgerClient } from '../../../src/contracts/index.ts';
import type { Address, Hex } from '../../../src/crypto/index.ts';
import { createHostEnvironment } from '../../../src/environment/host/index.ts';
import {
  createChannelChain,
  createDevicePayer,
  createEdgePayee,
  createMatchChain,
  createMatchReader,
  createProxy,
} from '../../../src/market/index.ts';

/** A payment as a device wrote it down: `delivered` when the edge node's receipt came back. */
export interface PaidTask {
  readonly taskId: Hex;
  readonly node: Address;
  readonly stage: string;
}

const NO_POLICY = { depositWei: 0n, topUpWei: 0n, lockedMaxWei: 0n, challengeSeconds: 3_600 };

/** The parts of a stopped node that are needed to open its books: its disk, its key, and a chain that nobody asks. */
async function openNode(folder: string) {
  const { setup, dataFolder } = await loadNode(folder);
  const environment = await createHostEnvironment({ key: setup.key, dataFolder, logLevel: 'silent' });
  const rpc = () => Promise.reject(new Error('a stopped node asks nobody'));
  const client = createLedgerClient({ rpc, key: setup.key, environment, chainId: setup.genesis.chainId });
  const matches = createMatchReader(environment.clock, createMatchChain({ client }));
  const contactOf = () => Promise.resolve(undefined);
  return { environment, key: setup.key, chain: createChannelChain({ client }), matches, contactOf };
}

/** What a device that does not run has signed and been told. */
export async function devicePayments(folder: string): Promise<readonly PaidTask[]> {
  const node = await openNode(folder);
  const payer = await createDevicePayer(NO_POLICY, node);
  const payments = [...payer.promised.channels()].flatMap(({ payments: of }) => [...of.values()]);
  await payer.stop();
  await node.environment.close();
  return payments.map(({ taskId, node: edge, stage }) => ({ taskId, node: edge, stage }));
}

/** The proxy's books on disk: which tasks were paid, and the sums. */
export async function proxyBooks(
  folder: string,
): Promise<{ readonly tasks: ReadonlySet<Hex>; readonly receivedWei: bigint; readonly promisedWei: bigint }> {
  const node = await openNode(folder);
  const proxy = await createProxy({ ...NO_POLICY, claimThresholdWei: 0n }, node);
  const tasks = new Set([...proxy.received.channels()].flatMap(({ payments }) => [...payments.keys()]));
  const { receivedWei } = proxy.received;
  const { promisedWei } = proxy.promised;
  await proxy.stop();
  await node.environment.close();
  return { tasks, receivedWei, promisedWei };
}

/** The book of an edge node on disk. */
export async function edgeBook(folder: string): Promise<{ readonly tasks: ReadonlySet<Hex>; readonly receivedWei: bigint }> {
  const node = await openNode(folder);
  const payee = await createEdgePayee({ claimThresholdWei: 0n }, { ...node, paid: () => undefined });
  const tasks = new Set([...payee.received.channels()].flatMap(({ payments }) => [...payments.keys()]));
  const { receivedWei } = payee.received;
  await payee.stop();
  await node.environment.close();
  return { tasks, receivedWei };
}

/** All books of a consortium that does not run. */
export async function readBooks(home: string, counts: { readonly edges: number; readonly devices: number }) {
  const names = (kind: string, count: number) => Array.from({ length: count }, (_, at) => join(home, `${kind}-${at + 1}`));
  const paid: PaidTask[] = [];
  for (const folder of names('device', counts.devices)) paid.push(...(await devicePayments(folder)));
  const edges = new Set<Hex>();
  let edgeWei = 0n;
  for (const folder of names('edge', counts.edges)) {
    const book = await edgeBook(folder);
    edgeWei += book.receivedWei;
    for (const taskId of book.tasks) edges.add(taskId);
  }
  return { paid, proxy: await proxyBooks(join(home, 'proxy')), edges, edgeWei };
}
