import type { Environment, Handshake, Micros, NodeId } from '../environment.ts';
import type { OutsideSource } from '../outside.ts';

/** What happens to a disk while its node is down. */
export type DiskFault =
  | { readonly type: 'none' }
  /** The last record of this log is on disk in part only. */
  | { readonly type: 'tornTail'; readonly log: string }
  /** A record that was synced cannot be read any more, others behind it can. */
  | { readonly type: 'damage'; readonly log: string; readonly record: number }
  /** That many values of this table are not what was written. */
  | { readonly type: 'rot'; readonly table: string; readonly entries: number }
  /** So are that many blobs. */
  | { readonly type: 'rotBlobs'; readonly count: number };

/** What a source does when it is read. */
export type SourceBehaviour =
  | { readonly type: 'answers'; readonly content: string; readonly mediaType: string }
  /** It is there, but does not give what is asked for. */
  | { readonly type: 'refuses' }
  /** It takes the request and never answers. */
  | { readonly type: 'silent' }
  /** Nobody is there. */
  | { readonly type: 'absent' }
  /** The node may not read it. */
  | { readonly type: 'forbidden' };

/** How the contract suite drives an implementation. */
export interface ContractWorld {
  /** A new node on an empty disk. */
  add(): Promise<Environment>;
  /** Ends a node and opens it anew on what its disk holds then. */
  reopen(env: Environment, fault: DiskFault): Promise<Environment>;
  /** Takes all room from a node's disk, or gives it back. */
  fill(env: Environment, full: boolean): void;
  /** Lets time pass until the promise settles. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Lets time pass until the condition holds; fails after a minute. */
  until(condition: () => boolean, what: string): Promise<void>;
  /** Lets this much time pass. */
  pass(micros: Micros): Promise<void>;
  /** A peer that is admitted by `to` and then sends bytes that are no frame; returns its name. */
  sendMalformed(to: Environment, kind: 'garbage' | 'oversized'): Promise<NodeId>;
  /** A source that every node may read unless it is forbidden. */
  publish(behaviour: SourceBehaviour): OutsideSource;
  close(): Promise<void>;
}

/** A handshake that lets everybody in. */
export const openDoor: Handshake = {
  hello: () => Uint8Array.of(1, 2, 3),
  admit: () => ({ admitted: true }),
};

/** Two connected nodes, the first of which dialled. */
export async function connectedPair(world: ContractWorld, prepare: (left: Environment, right: Environment) => void = () => {}) {
  const left = await world.add();
  const right = await world.add();
  prepare(left, right);
  await world.run(left.network.start(openDoor));
  await world.run(right.network.start(openDoor));
  await world.run(left.network.connect({ node: right.node, addresses: right.network.addresses() }));
  await world.until(() => right.network.peers().length === 1, 'the other side is connected');
  return { left, right };
}
