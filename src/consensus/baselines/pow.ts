import { type Address, fromHex, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';
import { POW_BLOCKS_KEPT_MAX } from '../../limits.ts';
import type { ConsensusStatus } from '../core.ts';
import type { BaselineEffect, BaselineEngine, BaselineEvent, BaselineOptions } from './baseline-core.ts';
import { baseline, NO_DIGEST, type SignedBaseline } from './message.ts';

export interface PowOptions extends BaselineOptions {
  /** Mean time between two blocks of the whole network. */
  readonly blockIntervalMicros: number;
  /** Blocks on top of one before it counts as final. */
  readonly confirmations: number;
}

interface Block {
  readonly digest: Hex;
  readonly parent: Hex;
  readonly height: number;
  readonly proposal: Uint8Array;
  readonly proposer: Address;
}

/**
 * Nakamoto's proof of work: whoever finds a proof on the longest chain it knows sends its block, bodies inside, to everyone.
 * Finality is a matter of depth; a reorganisation deeper than `confirmations` breaks the promise and is counted as a fault.
 * The search itself is modelled as an exponentially distributed time.
 */
export function createPow(options: PowOptions): BaselineEngine {
  return new Pow(options);
}

class Pow implements BaselineEngine {
  private readonly options: PowOptions;
  private readonly effects: BaselineEffect[] = [];
  private readonly blocks = new Map<Hex, Block>();
  /** Blocks that came before their parent. */
  private readonly orphans = new Map<Hex, SignedBaseline[]>();
  private sealers: readonly Address[] = [];
  private tip: Block = {
    digest: NO_DIGEST,
    parent: NO_DIGEST,
    height: 0,
    proposal: new Uint8Array(),
    proposer: `0x${'0'.repeat(40)}`,
  };
  private final: Block = this.tip;
  private reorganisations = 0;

  constructor(options: PowOptions) {
    this.options = options;
    this.blocks.set(this.tip.digest, this.tip);
  }

  step(event: BaselineEvent): readonly BaselineEffect[] {
    switch (event.type) {
      case 'start':
        if (this.sealers.length === 0) {
          this.sealers = event.sealers;
          this.mine();
        }
        break;
      case 'mined':
        if (event.parent === this.tip.digest)
          this.effects.push({ type: 'build', height: event.height, round: 0, parent: event.parent });
        break;
      case 'built':
        this.found(event);
        break;
      case 'message':
      case 'sent':
        if (event.message.kind === 'block') this.receive(event.message);
        break;
      default:
        break;
    }
    const effects = [...this.effects];
    this.effects.length = 0;
    return effects;
  }

  status(): ConsensusStatus {
    const { tip, sealers, reorganisations } = this;
    return {
      height: tip.height,
      round: 0,
      phase: 'waiting-for-proposal',
      proposer: undefined,
      sealers,
      viewChanges: reorganisations,
    };
  }

  private mine(): void {
    // Each of n equal miners finds the network's next block with probability 1/n, so each alone would take n times as long.
    const meanMicros = this.options.blockIntervalMicros * this.sealers.length;
    this.effects.push({ type: 'mine', height: this.tip.height + 1, parent: this.tip.digest, meanMicros });
  }

  private found({ height, digest, proposal }: BaselineEvent & { type: 'built' }): void {
    if (height !== this.tip.height + 1) return this.mine();
    const sealed = sealBlock(this.tip.digest, digest, proposal);
    this.effects.push({ type: 'send', to: this.sealers, message: baseline({ kind: 'block', height, round: 0, ...sealed }) });
  }

  private receive(message: SignedBaseline): void {
    if (this.blocks.has(message.digest) || message.proposal === undefined) return;
    const opened = openBlock(message.digest, message.proposal);
    if (opened === undefined) return;
    const { parent, proposal } = opened;
    const before = this.blocks.get(parent);
    if (before === undefined) {
      const waiting = this.orphans.get(parent) ?? [];
      if (this.orphans.size < POW_BLOCKS_KEPT_MAX && waiting.length < POW_BLOCKS_KEPT_MAX)
        this.orphans.set(parent, [...waiting, message]);
      return;
    }
    if (message.height !== before.height + 1) return;
    const { digest, height, signer: proposer } = message;
    const block = { digest, parent, height, proposal, proposer };
    this.blocks.set(digest, block);
    if (height > this.tip.height) this.moveTo(block);
    const waiting = this.orphans.get(digest) ?? [];
    this.orphans.delete(digest);
    for (const orphan of waiting) this.receive(orphan);
  }

  private moveTo(block: Block): void {
    if (block.parent !== this.tip.digest) this.reorganisations += 1;
    this.tip = block;
    this.finalise();
    this.mine();
  }

  /** Announces what has become deep enough. */
  private finalise(): void {
    const due: Block[] = [];
    let at: Block | undefined = this.tip;
    while (at !== undefined && at.height > this.final.height) {
      if (at.height <= this.tip.height - this.options.confirmations) due.unshift(at);
      at = this.blocks.get(at.parent);
    }
    if (at === undefined || at.digest !== this.final.digest) {
      this.effects.push({ type: 'fault', peer: this.tip.proposer, reason: 'a reorganisation went below a final block' });
      return;
    }
    for (const block of due) {
      invariant(block.height === this.final.height + 1, 'blocks become final in order');
      this.final = block;
      const { height, digest, proposal, proposer } = block;
      this.effects.push({ type: 'commit', height, round: 0, digest, proposal, proposer });
      this.forgetBelow(height - this.options.confirmations);
    }
  }

  private forgetBelow(height: number): void {
    if (this.blocks.size < POW_BLOCKS_KEPT_MAX) return;
    for (const [digest, block] of this.blocks) if (block.height < height) this.blocks.delete(digest);
  }
}

const HASH_BYTES = 32;

/** A block on the wire is the digest of its parent, the digest of its content, and the content; the two digests are what is hashed. */
function sealBlock(parent: Hex, content: Hex, proposal: Uint8Array): { readonly digest: Hex; readonly proposal: Uint8Array } {
  const out = new Uint8Array(2 * HASH_BYTES + proposal.length);
  out.set(fromHex(parent));
  out.set(fromHex(content), HASH_BYTES);
  out.set(proposal, 2 * HASH_BYTES);
  return { digest: toHex(keccak256(out.subarray(0, 2 * HASH_BYTES))), proposal: out };
}

function openBlock(digest: Hex, bytes: Uint8Array): { readonly parent: Hex; readonly proposal: Uint8Array } | undefined {
  const head = bytes.subarray(0, 2 * HASH_BYTES);
  if (toHex(keccak256(head)) !== digest) return undefined;
  return { parent: toHex(head.subarray(0, HASH_BYTES)), proposal: bytes.subarray(2 * HASH_BYTES) };
}
