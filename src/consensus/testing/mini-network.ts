import type { Address, NodeKey } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';
import { decodeMessage, encodeMessage } from '../codec.ts';
import { decodeHearsay, encodeHearsay, type Hearsay } from '../hearsay.ts';
import type { SignedMessage } from '../messages.ts';
import { EventQueue } from './event-queue.ts';
import { testKeys } from './keys.ts';
import { MiniNode } from './mini-node.ts';
import { SeededRandom } from './seeded-random.ts';
import type { ToyBlock } from './toy-chain.ts';

export interface MiniNetworkOptions {
  readonly seed: number;
  readonly sealers: number;
  readonly lossProbability?: number;
  /** Longest travel time of a frame; the shortest is 1 ms, so frames overtake each other. */
  readonly delayMicrosMax?: number;
  /** Share of commit votes that are lost on top: the hard case, where a few decide and the rest change rounds. */
  readonly commitLossProbability?: number;
  /** Makes the node of a seat; honest by default. */
  readonly seat?: (seat: number, network: MiniNetwork, key: NodeKey) => MiniNode;
  /** Who votes at a height; all seats by default. */
  readonly sealersAt?: (height: number, seats: readonly Address[]) => readonly Address[];
}

/** Sealers, virtual time and a network that loses, delays and reorders frames, all from one seed. */
export class MiniNetwork {
  readonly queue = new EventQueue();
  readonly random: SeededRandom;
  readonly nodes: readonly MiniNode[];
  readonly decided = new Map<number, ToyBlock>();
  readonly #sealersAt: (height: number) => readonly Address[];
  delayMicrosMin = 1_000;
  delayMicrosMax: number;
  commitLossProbability: number;
  /** How often the rarer paths were taken: a campaign that never takes them shows nothing. */
  readonly taken = { reproposed: 0, resumed: 0, behind: 0, lagging: 0, decidedAboveRound0: 0 };
  lossProbability: number;
  hearsayBytes = 0;
  /** Share of frames that arrive twice, the second copy at another time. */
  duplicateProbability = 0;
  /** True when frames from one address to another are cut. */
  cut: (from: Address, to: Address) => boolean = () => false;

  constructor(options: MiniNetworkOptions) {
    this.random = new SeededRandom(options.seed);
    this.lossProbability = options.lossProbability ?? 0;
    this.commitLossProbability = options.commitLossProbability ?? 0;
    this.delayMicrosMax = options.delayMicrosMax ?? 20_000;
    const keys = testKeys(options.sealers);
    const seats = keys.map((key) => key.address);
    const { sealersAt } = options;
    this.#sealersAt = sealersAt === undefined ? () => seats : (height) => sealersAt(height, seats);
    this.nodes = keys.map((key, seat) => options.seat?.(seat, this, key) ?? new MiniNode(this, key));
  }

  sealersAt(height: number): readonly Address[] {
    return this.#sealersAt(height);
  }

  start(): void {
    for (const node of this.nodes) node.later(this.random.between(0, 50_000), () => node.startNext());
  }

  /** Runs until the condition holds (true) or virtual time is over (false). */
  run(untilMicros: number, done: () => boolean = () => false): boolean {
    while (!done()) if (!this.queue.runNext(untilMicros)) return done();
    return true;
  }

  broadcast(from: Address, message: SignedMessage): void {
    const bytes = encodeMessage(message);
    for (const node of this.nodes) {
      const lost = message.type === 'commit' && this.random.chance(this.commitLossProbability);
      if (node.address !== from && !lost) this.send(from, node.address, bytes);
    }
  }

  /** Sends one frame; what arrives is what the codec makes of its bytes. */
  send(from: Address, to: Address, bytes: Uint8Array): void {
    this.#carry(from, to, (node) => {
      let message: SignedMessage;
      try {
        message = decodeMessage(bytes);
      } catch {
        return;
      }
      node.step({ type: 'message', message, via: from });
    });
  }

  /** Sends what a sealer tells others of what it heard, as bytes too. */
  sendHearsay(from: Address, to: Address, hearsay: Hearsay): void {
    const bytes = encodeHearsay(hearsay);
    this.hearsayBytes += bytes.length;
    this.#carry(from, to, (node) => node.step({ type: 'hearsay', hearsay: decodeHearsay(bytes), via: from }));
  }

  /** A peer that has more blocks, if one is drawn, serves them. */
  requestSync(asking: MiniNode): void {
    const others = this.nodes.filter((node) => node !== asking);
    const peer = this.random.pick(others);
    this.#carry(asking.address, peer.address, () => this.serve(peer, asking.address, asking.height + 1));
  }

  serve(from: MiniNode, to: Address, height: number): void {
    const blocks = from.chain.slice(height - 1);
    if (blocks.length > 0) this.#carry(from.address, to, (node) => node.receiveBlocks(blocks));
  }

  /** Agreement: the first decision of a height is the only one. */
  noteBlock(block: ToyBlock): void {
    const known = this.decided.get(block.height);
    invariant(known === undefined || known.digest === block.digest, 'agreement', { height: block.height });
    if (known !== undefined) return;
    this.decided.set(block.height, block);
    if (block.certificate.round > 0) this.taken.decidedAboveRound0 += 1;
  }

  #carry(from: Address, to: Address, arrive: (node: MiniNode) => void): void {
    if (this.random.chance(this.lossProbability) || this.cut(from, to)) return;
    const node = this.nodes.find((candidate) => candidate.address === to);
    if (node === undefined) return;
    const times = this.duplicateProbability > 0 && this.random.chance(this.duplicateProbability) ? 2 : 1;
    for (let copy = 0; copy < times; copy++) {
      this.queue.after(this.random.between(this.delayMicrosMin, this.delayMicrosMax), () => {
        if (node.up) arrive(node);
      });
    }
  }
}
