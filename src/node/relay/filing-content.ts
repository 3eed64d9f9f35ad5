import { type FilingContent, filedLaneLeaf, LaneTree, outboxClient } from '../../contracts/index.ts';
import { RequestRefused } from '../../oracle/index.ts';
import type { Sibling } from './siblings.ts';

/** What there is to file of a height: its block, and a tree over the lanes that have leaves there, ascending by destination. */
export async function filingContent(sibling: Sibling, height: number): Promise<FilingContent> {
  const { ledger, client, lanes, chainId } = sibling;
  const header = await ledger.header(height);
  if (header === undefined) throw new RequestRefused('sourceUnreachable', `block ${height} of ledger ${chainId} is not here`);
  await lanes.readTo(height);
  const tree = new LaneTree();
  for (const destination of lanes.destinations) {
    const { size, root } = await outboxClient(client).lane(destination, height);
    if (size > 0n) tree.append(filedLaneLeaf({ source: BigInt(chainId), destination, size, root }));
  }
  return { blockHash: header.hash, lanesRoot: tree.root(), lanes: BigInt(tree.size) };
}
