import { openDoor } from '../../contract/index.ts';
import type { NodeId } from '../../environment.ts';
import { createWorld } from '../world.ts';
import type { NodeOptions, WorldOptions } from '../world-interface.ts';

export const SECOND = 1_000_000;

export function nodeId(number: number): NodeId {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

/** For tests: a world of two connected nodes; `arrivals` are the times at which 'test' frames reach the second. */
export async function connected(options: Partial<WorldOptions>, node: NodeOptions = {}) {
  const world = createWorld({ seed: 1, ...options });
  const [left, right] = [world.addNode(nodeId(1), node), world.addNode(nodeId(2), node)];
  const arrivals: number[] = [];
  right.network.onFrame('test', () => arrivals.push(world.now));
  for (const env of [left, right]) await env.network.start(openDoor);
  await world.run(left.network.connect({ node: right.node, addresses: right.network.addresses() }));
  await world.runFor(SECOND);
  return { world, left, right, arrivals };
}
