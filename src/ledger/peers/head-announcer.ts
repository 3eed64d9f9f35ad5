import { fromHex, type Hex, toHex } from '../../crypto/index.ts';
import type { Network, NodeId } from '../../environment/index.ts';
import { HEAD_NEXT_SEALERS, HEAD_QUIET_MICROS, HEAD_SHOWN_BLOCKS } from '../../limits.ts';
import { rememberByIdentity } from '../../remember.ts';
import { setOf } from '../../set-of.ts';
import type { HeaderRecord } from '../ledger.ts';
import { bytesOf, decode, encode, listOf, numberOf } from '../rlp-fields.ts';
import type { Pauses } from '../storage/pauses.ts';
import { reasonOf } from './gossip.ts';
import { LEDGER_PROTOCOLS } from './protocols.ts';

export interface HeadAnnouncerOptions {
  readonly network: Network;
  readonly genesisHash: Hex;
  readonly head: () => HeaderRecord;
  /** Who votes on the next block, in their agreed order. */
  readonly sealers: () => readonly NodeId[];
  readonly pauses: Pauses;
  /** A peer says that it is ahead of this node. */
  readonly onAhead: (peer: NodeId) => void;
}

/**
 * Tells peers where this node's chain ends, and remembers where theirs do. Full nodes introduce themselves with their
 * head on connection; only who did is told of new ones, so that devices are left in peace.
 *
 * Sealers learn of a block by its votes. Were each to tell all others, n^2 frames a block would say what everybody knows: so
 * a sealer tells the next few after it in the agreed order, and the others only when no block follows (the votes on the
 * next one show a sealer that it is behind).
 */
export class HeadAnnouncer {
  private readonly options: HeadAnnouncerOptions;
  private readonly heads = new Map<NodeId, number>();
  /** The head that was told last, encoded: it goes to many peers. */
  private told: { readonly hash: Hex; readonly frame: Uint8Array } | undefined;
  private waitsForQuiet = false;
  /** The head that all followers were told last. */
  private shown = 0;

  constructor(options: HeadAnnouncerOptions) {
    this.options = options;
  }

  register(): void {
    const { network } = this.options;
    network.onFrame(LEDGER_PROTOCOLS.head, (from, frame) => this.receive(from, frame));
    network.onPeer((event) => {
      if (event.type === 'connected') this.tell(event.peer);
      if (event.type === 'disconnected') this.heads.delete(event.peer);
    });
    for (const peer of network.peers()) this.tell(peer);
  }

  /** Tells the followers that do not have this node's head yet. */
  announce(): void {
    const { number } = this.options.head();
    const sealers = this.options.sealers();
    const own = sealers.indexOf(this.options.network.self);
    const others: ReadonlySet<NodeId> = own === -1 ? new Set() : setOf(sealers);
    for (const [peer, theirs] of this.heads) if (theirs < number && !others.has(peer)) this.tell(peer);
    if (own === -1) return this.show(number);
    let left = HEAD_NEXT_SEALERS;
    for (let turn = 1; turn < sealers.length && left > 0; turn++) {
      const peer = sealers[(own + turn) % sealers.length] as NodeId;
      const theirs = this.heads.get(peer);
      if (theirs === undefined) continue;
      left -= 1;
      if (theirs < number) this.tell(peer);
    }
    if (sealers.length > HEAD_NEXT_SEALERS + 1) this.tellWhenQuiet();
  }

  /** Who has the block already need not hear of it from an observer, but people there see by it that the observer keeps up. */
  private show(number: number): void {
    if (number < this.shown + HEAD_SHOWN_BLOCKS) return;
    this.shown = number;
    for (const [peer, theirs] of this.heads) if (theirs >= number) this.tell(peer);
  }

  private tellWhenQuiet(): void {
    if (this.waitsForQuiet) return;
    this.waitsForQuiet = true;
    const { head, pauses } = this.options;
    const { number } = head();
    const look = (): void => {
      this.waitsForQuiet = false;
      if (head().number !== number) return this.tellWhenQuiet();
      for (const [peer, theirs] of this.heads) if (theirs < number) this.tell(peer);
    };
    pauses.after(HEAD_QUIET_MICROS, look, 'heads that others may lack');
  }

  /** Heads that peers claim, highest first. */
  ahead(): readonly NodeId[] {
    const { number } = this.options.head();
    return [...this.heads]
      .filter(([, theirs]) => theirs > number)
      .sort(([, left], [, right]) => right - left)
      .map(([peer]) => peer);
  }

  best(): number {
    return Math.max(this.options.head().number, ...this.heads.values());
  }

  /** Corrects what a peer claimed by what it could show. */
  note(peer: NodeId, number: number): void {
    if (this.heads.has(peer)) this.heads.set(peer, number);
  }

  headOf(peer: NodeId): number | undefined {
    return this.heads.get(peer);
  }

  /** Tells one peer where this node's chain ends. */
  tell(peer: NodeId): void {
    const { number, hash } = this.options.head();
    if (this.told?.hash !== hash) {
      this.told = { hash, frame: encode([number, fromHex(hash), fromHex(this.options.genesisHash)]) };
    }
    this.options.network.send(peer, LEDGER_PROTOCOLS.head, this.told.frame, 'control');
  }

  private receive(from: NodeId, frame: Uint8Array): void {
    let number: number;
    try {
      const announced = readAnnouncement(frame);
      number = announced.number;
      if (announced.genesisHash !== this.options.genesisHash) {
        this.options.network.penalise(from, 'follows another chain: its genesis differs');
        return;
      }
    } catch (error) {
      this.options.network.penalise(from, reasonOf(error));
      return;
    }
    const isNew = !this.heads.has(from);
    this.heads.set(from, number);
    const own = this.options.head().number;
    // Whoever introduces itself before this node registered has not heard of it yet.
    if (isNew && own > number) this.tell(from);
    if (number > own) this.options.onAhead(from);
  }
}

const readAnnouncement = rememberByIdentity((frame: Uint8Array): { readonly number: number; readonly genesisHash: Hex } => {
  const [height, hash, genesis] = listOf(decode(frame, 'announcement of a head'), 'announcement of a head', 3);
  bytesOf(hash, 'head hash', 32);
  return { number: numberOf(height, 'head number'), genesisHash: toHex(bytesOf(genesis, 'genesis hash', 32)) };
});
