import type { Environment } from '../../environment/index.ts';
import type { Ledger } from '../ledger.ts';
import { TestConsortium, type TestNode } from './consortium.ts';
import { callData, signedBy, testKey, WORKBENCH } from './fixtures.ts';

export const setValue = (nonce: number, value = nonce) =>
  signedBy(testKey(0), { nonce, to: WORKBENCH, data: callData('set(uint256,uint256)', nonce, value) });

/** Four sealers, each with its state on its own disk, and a chain of so many blocks with a transaction each. */
export async function chainOnDisks(blocks: number, options: ConstructorParameters<typeof TestConsortium>[0] = {}) {
  const consortium = new TestConsortium({ ownExecutors: true, ...options });
  const nodes = await consortium.addSealers();
  await grow(consortium, nodes, { from: 1, to: blocks });
  return { consortium, nodes };
}

/** Adds the blocks `from` to `to`; the nonces follow from the heights. */
export async function grow(
  consortium: TestConsortium,
  nodes: readonly TestNode[],
  range: { readonly from: number; readonly to: number },
): Promise<void> {
  for (let height = range.from; height <= range.to; height++) {
    await consortium.world.run((nodes[0] as TestNode).ledger.submit(setValue(height - 1)));
    await consortium.decide(nodes);
  }
}

/** Power off and on again, after something was done to the disk; connected to the others like before. */
export async function reopen(
  consortium: TestConsortium,
  node: TestNode,
  between: () => void = () => undefined,
  options: { readonly connect?: boolean } = {},
): Promise<TestNode> {
  consortium.world.crash(node.id);
  between();
  const others = [...consortium.nodes.values()].filter(({ id }) => id !== node.id);
  const again = await consortium.open(consortium.world.restart(node.id));
  if (options.connect !== false) for (const other of others) await consortium.connect(again, other);
  return again;
}

/** What an observer of a node could see of its whole chain; the same on every honest node. */
export async function everything(ledger: Ledger): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  for (let number = Math.max(1, ledger.firstBlock()); number <= ledger.head.number; number++)
    seen.push(await seenOf(ledger, number));
  return seen;
}

/** What it could see of one block. */
export async function seenOf(ledger: Ledger, number: number): Promise<readonly unknown[]> {
  const block = await ledger.block(number);
  const receipts = await ledger.receipts(number);
  const [hash] = receipts?.map(({ transactionHash }) => transactionHash) ?? [];
  const place = hash === undefined ? undefined : (await ledger.transaction(hash))?.place?.index;
  const found = await ledger.header(block?.header.hash ?? 0);
  return [block?.header.hash, block?.certificate?.digest, receipts, place, found?.number];
}

/** Metrics of a node. */
export function metric({ environment }: { readonly environment: Environment }, name: string): number {
  return environment.metrics.snapshot()[name] ?? 0;
}
