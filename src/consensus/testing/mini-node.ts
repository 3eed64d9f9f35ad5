import type { Address, Hex, NodeKey } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';
import { SKIP_WINDOW_BLOCKS } from '../../limits.ts';
import { verifyCertificate } from '../certificate.ts';
import type { ConsensusCore, ConsensusEffect, ConsensusEvent, PreparedProof, RestoredVotes } from '../core.ts';
import type { Evidence } from '../evidence.ts';
import type { SignedMessage } from '../messages.ts';
import { createPbft } from '../pbft/pbft.ts';
import { type BuiltBlock, skippedProposers } from '../pbft/skipped-proposers.ts';
import { RoundPace } from '../round-pace.ts';
import { contentOf, signMessage } from '../signing.ts';
import { testDomain } from './keys.ts';
import type { MiniNetwork } from './mini-network.ts';
import { builderOf, buildProposal, checkProposal, genesisDigest, type ToyBlock } from './toy-chain.ts';

export const BASE_TIMEOUT_MICROS = 200_000;
export const IDLE_TIMEOUT_MICROS = 600_000;
const COMPARE_PAUSE_MICROS = 30_000;

type Effect<T extends ConsensusEffect['type']> = Extract<ConsensusEffect, { type: T }>;

interface Record {
  readonly message: SignedMessage;
  readonly prepared: PreparedProof | undefined;
}

/** Drives one core as a node does: a disk that survives crashes, a network that may lose frames, a toy chain. */
export class MiniNode {
  readonly key: NodeKey;
  readonly network: MiniNetwork;
  /** On disk. */
  readonly chain: ToyBlock[] = [];
  readonly records = new Map<string, Record>();
  /** In memory. */
  core: ConsensusCore;
  up = true;
  readonly faults: { readonly peer: Address; readonly reason: string }[] = [];
  readonly evidence: Evidence[] = [];
  /** Who delivered what cost checks and was worth nothing. */
  readonly wasted: Address[] = [];
  pace = new RoundPace(BASE_TIMEOUT_MICROS);
  #life = 0;
  #timer = 0;
  #signedUntil = 0;
  #startedHeight = 0;
  #comparing = false;

  constructor(network: MiniNetwork, key: NodeKey) {
    this.network = network;
    this.key = key;
    this.core = this.#newCore();
  }

  get address(): Address {
    return this.key.address;
  }

  get height(): number {
    return this.chain.length;
  }

  get head(): Hex {
    return this.chain.at(-1)?.digest ?? genesisDigest;
  }

  crash(): void {
    this.up = false;
    this.#life += 1;
  }

  restart(): void {
    if (this.up) return;
    this.up = true;
    this.core = this.#newCore();
    this.pace = new RoundPace(BASE_TIMEOUT_MICROS);
    this.#startedHeight = 0;
    this.#signedUntil = 0;
    this.#comparing = false;
    this.startNext();
  }

  /** Starts the height after the head, unless it runs already. */
  startNext(): void {
    const height = this.height + 1;
    if (height <= this.#startedHeight) return;
    this.#startedHeight = height;
    const restored = this.#restore(height);
    if (restored !== undefined) this.network.taken.resumed += 1;
    this.pace.begin(restored !== undefined);
    const sealers = this.network.sealersAt(height);
    const skipped = skippedProposers({ height, sealers }, this.#history());
    const { baseTimeoutMicros } = this.pace;
    this.step({ type: 'start', height, sealers, skipped, baseTimeoutMicros, ...(restored && { restored }) });
    this.#compareSoon();
    if (this.network.random.chance(0.7))
      this.later(this.network.random.between(0, 50_000), () => this.step({ type: 'work', height }));
  }

  step(event: ConsensusEvent): void {
    for (const effect of this.core.step(event)) this.#perform(effect);
  }

  /** Runs `action` after a delay unless the node has crashed since. */
  later(delayMicros: number, action: () => void): void {
    const life = this.#life;
    this.network.queue.after(delayMicros, () => {
      if (life === this.#life) action();
    });
  }

  /** What a liar overrides. */
  broadcast(message: SignedMessage): void {
    this.network.broadcast(this.address, message);
  }

  /** What a liar overrides. */
  tell({ to, hearsay }: Effect<'hearsay'>): void {
    for (const peer of to) this.network.sendHearsay(this.address, peer, hearsay);
  }

  /** What a liar overrides. */
  propose(round: number): { readonly digest: Hex; readonly proposal: Uint8Array } {
    const note = `round ${round} at ${this.network.queue.nowMicros}`;
    return buildProposal({ height: this.height + 1, parent: this.head, builder: this.address, note });
  }

  /** Takes blocks that a peer served; anything that does not fit is ignored. */
  receiveBlocks(blocks: readonly ToyBlock[]): void {
    for (const block of blocks) {
      if (block.height !== this.height + 1) continue;
      const wrong = verifyCertificate(testDomain, block.certificate, this.network.sealersAt(block.height));
      const { height, digest, proposal } = block;
      if (wrong !== undefined || block.certificate.digest !== digest || block.certificate.height !== height) continue;
      invariant(
        checkProposal({ height, digest, proposal, builder: undefined }, this.head) === undefined,
        'a final block is valid',
      );
      this.#append(block);
      this.step({ type: 'certified', certificate: block.certificate });
    }
    this.startNext();
  }

  #newCore(): ConsensusCore {
    return createPbft({
      domain: testDomain,
      self: this.key.address,
      baseTimeoutMicros: BASE_TIMEOUT_MICROS,
      idleTimeoutMicros: IDLE_TIMEOUT_MICROS,
    });
  }

  #restore(height: number): RestoredVotes | undefined {
    const found = [...this.records.values()].filter((record) => record.message.height === height);
    if (found.length === 0) return undefined;
    const prepared = found.findLast((record) => record.prepared !== undefined)?.prepared;
    return { own: found.map((record) => record.message), ...(prepared && { prepared }) };
  }

  #perform(effect: ConsensusEffect): void {
    switch (effect.type) {
      case 'sign':
        return this.#sign(effect);
      case 'resend':
        return this.broadcast(effect.message);
      case 'build':
        return this.#build(effect);
      case 'validate':
        return this.#validate(effect);
      case 'timer':
        return this.#setTimer(effect);
      case 'commit':
        return this.#commit(effect);
      case 'behind':
        this.network.taken.behind += 1;
        return this.network.requestSync(this);
      case 'lagging':
        this.network.taken.lagging += 1;
        return this.network.serve(this, effect.peer, effect.height);
      case 'fault':
        this.faults.push(effect);
        return;
      case 'evidence':
        this.evidence.push(effect.evidence);
        return;
      case 'hearsay':
        return this.tell(effect);
      case 'round':
        return this.#compareSoon();
      case 'waste':
        this.wasted.push(effect.peer);
        return;
    }
  }

  #compareSoon(): void {
    if (this.#comparing) return;
    this.#comparing = true;
    this.later(COMPARE_PAUSE_MICROS, () => {
      this.#comparing = false;
      this.step({ type: 'compare' });
    });
  }

  #sign({ message, prepared }: Effect<'sign'>): void {
    const signed = signMessage(testDomain, message, this.key);
    const key = `${message.type} ${message.height} ${message.round}`;
    const write = (): void => {
      const known = this.records.get(key);
      invariant(known === undefined || contentOf(known.message) === contentOf(message), 'never two votes for one place', { key });
      this.records.set(key, { message: signed, prepared });
    };
    // A record may reach the disk long before the flush returns, or with it: a crash in between leaves either.
    if (this.network.random.chance(0.5)) write();
    this.#signedUntil = Math.max(this.#signedUntil, this.network.queue.nowMicros) + this.network.random.between(500, 5_000);
    this.later(this.#signedUntil - this.network.queue.nowMicros, () => {
      write();
      this.broadcast(signed);
      this.step({ type: 'sent', message: signed });
    });
  }

  #build({ height, round }: Effect<'build'>): void {
    this.later(this.network.random.between(1_000, 20_000), () => {
      if (height === this.height + 1) this.step({ type: 'built', height, round, ...this.propose(round) });
    });
  }

  #validate({ height, round, digest, proposal, proposer, reproposed }: Effect<'validate'>): void {
    if (reproposed) this.network.taken.reproposed += 1;
    this.later(this.network.random.between(1_000, 20_000), () => {
      if (height !== this.height + 1) return;
      const reason = checkProposal({ height, digest, proposal, builder: reproposed ? undefined : proposer }, this.head);
      this.step({
        type: 'validated',
        height,
        round,
        digest,
        valid: reason === undefined,
        ...(reason !== undefined && { reason }),
      });
    });
  }

  #setTimer({ height, round, delayMicros }: Effect<'timer'>): void {
    this.pace.noteTimer(round, this.network.queue.nowMicros);
    this.#timer += 1;
    const timer = this.#timer;
    this.later(delayMicros, () => {
      if (timer === this.#timer) this.step({ type: 'timeout', height, round });
    });
  }

  #commit({ height, digest, proposal, certificate }: Effect<'commit'>): void {
    if (height !== this.height + 1) return;
    invariant(
      checkProposal({ height, digest, proposal, builder: undefined }, this.head) === undefined,
      'only valid blocks are committed',
    );
    const wrong = verifyCertificate(testDomain, certificate, this.network.sealersAt(height));
    invariant(wrong === undefined, `certificates verify: ${wrong}`);
    this.pace.noteDecision(certificate.round, this.network.queue.nowMicros);
    this.#append({ height, digest, proposal, certificate });
    this.later(this.network.random.between(500, 5_000), () => this.startNext());
  }

  #history(): readonly BuiltBlock[] {
    return this.chain.slice(-SKIP_WINDOW_BLOCKS).map((block) => {
      return { height: block.height, builder: builderOf(block), sealers: this.network.sealersAt(block.height) };
    });
  }

  #append(block: ToyBlock): void {
    this.chain.push(block);
    this.network.noteBlock(block);
    for (const [key, record] of this.records) if (record.message.height <= block.height) this.records.delete(key);
  }
}
