import type { Address, Hex } from '../../crypto/index.ts';
import { encodeMessage } from '../codec.ts';
import { fingerprintOf, type Hearsay } from '../hearsay.ts';
import type { MessageType, SignedMessage, UnsignedMessage } from '../messages.ts';
import { signMessage } from '../signing.ts';
import { testDomain } from './keys.ts';
import { MiniNode } from './mini-node.ts';
import { buildProposal } from './toy-chain.ts';

/** Never says anything. */
export class SilentLiar extends MiniNode {
  override broadcast(): void {}
}

/** Proposes what no honest sealer accepts; otherwise honest. */
export class InvalidProposer extends MiniNode {
  override propose(round: number): { readonly digest: Hex; readonly proposal: Uint8Array } {
    return buildProposal({ height: this.height + 1, parent: this.head, builder: this.address, note: `invalid ${round}` });
  }
}

/** Tells one half of the network one thing and the other half another: two proposals, and votes for both. */
export class EquivocatingLiar extends MiniNode {
  readonly #second = new Map<string, { readonly digest: Hex; readonly proposal: Uint8Array }>();

  override broadcast(message: SignedMessage): void {
    const place = `${message.height} ${message.round}`;
    if (message.type === 'pre-prepare') {
      const second = buildProposal({ height: message.height, parent: this.head, builder: this.address, note: `second ${place}` });
      this.#second.set(place, second);
      return this.#tellHalves(message, { ...bare(message), ...second } as UnsignedMessage);
    }
    const second = this.#second.get(place);
    if (second === undefined || message.type === 'round-change') return super.broadcast(message);
    const { type, height, round } = message;
    this.#tellHalves(message, { type, height, round, digest: second.digest });
    // It also commits to whatever was prepared or not, for both.
    if (type === 'prepare') {
      this.#tellHalves(this.#signed({ type: 'commit', height, round, digest: message.digest }), {
        type: 'commit',
        height,
        round,
        digest: second.digest,
      });
    }
  }

  #tellHalves(first: SignedMessage, second: UnsignedMessage): void {
    const [one, other] = [encodeMessage(first), encodeMessage(this.#signed(second))];
    for (const [at, node] of this.network.nodes.entries()) {
      if (node === this) continue;
      const both = this.network.random.chance(0.2);
      if (both || at % 2 === 0) this.network.send(this.address, node.address, one);
      if (both || at % 2 === 1) this.network.send(this.address, node.address, other);
    }
  }

  #signed(message: UnsignedMessage): SignedMessage {
    return signMessage(testDomain, message, this.key);
  }
}

/** A lie of a {@link SplittingLiar}: who was told the one thing and who the other, by seat. */
export interface Split {
  readonly type: MessageType;
  readonly height: number;
  readonly round: number;
  readonly told: readonly [readonly number[], readonly number[]];
}

/**
 * Says two things for one place, and to everybody one of them at most, so that nobody hears both: a message of the chosen
 * type goes as it is to some and changed to the others. It tells nobody what it heard.
 */
export class SplittingLiar extends MiniNode {
  readonly splits: Split[] = [];
  /** While it is false, it is honest. */
  lying = true;
  /** Of what it says two things. */
  type: MessageType = 'commit';
  /** Who is told what, by seat: 0 the one, 1 the other, undefined nothing. Halves unless told otherwise. */
  side: (seat: number) => 0 | 1 | undefined = (seat) => (seat % 2 === 0 ? 0 : 1);

  override broadcast(message: SignedMessage): void {
    const { height, round } = message;
    // A round change is made up, for an honest one is rare.
    if (this.lying && this.type === 'round-change' && message.type === 'prepare')
      this.#split({ type: 'round-change', height, round: round + 1 });
    if (this.lying && message.type === this.type) this.#split(bare(message));
    else super.broadcast(message);
  }

  override tell(): void {}

  #split(message: UnsignedMessage): void {
    const { type, height, round } = message;
    if (this.splits.some((split) => split.type === type && split.height === height && split.round === round)) return;
    const versions = [message, this.#contrary(message)].map((version) =>
      encodeMessage(signMessage(testDomain, version, this.key)),
    );
    const told: [number[], number[]] = [[], []];
    for (const [seat, node] of this.network.nodes.entries()) {
      const side = node === this ? undefined : this.side(seat);
      if (side === undefined) continue;
      told[side].push(seat);
      this.network.send(this.address, node.address, versions[side] as Uint8Array);
    }
    this.splits.push({ type, height, round, told });
  }

  #contrary(message: UnsignedMessage): UnsignedMessage {
    const { height, round } = message;
    const note = `contrary ${round}`;
    const other = buildProposal({ height, parent: this.head, builder: this.address, note });
    if (message.type === 'pre-prepare') return { ...message, ...other };
    if (message.type !== 'round-change') return { ...message, digest: other.digest };
    return { type: 'round-change', height, round, prepared: { round: 0, ...other, prepares: [] } };
  }
}

/** Honest but for what it tells of others: made-up fingerprints, forged statements, and questions without end. */
export class FalseWitness extends MiniNode {
  override tell({ to, hearsay }: { readonly to: readonly Address[]; readonly hearsay: Hearsay }): void {
    const { random } = this.network;
    const { height } = hearsay;
    const signers = Uint8Array.from(this.network.sealersAt(height).keys());
    const types = ['pre-prepare', 'prepare', 'commit', 'round-change'] as const;
    const groups = types.flatMap((type) =>
      [0, 1].map((round) => ({ type, round, fingerprint: fingerprintOf(this.#noise(8)), signers })),
    );
    const places = types.flatMap((type) => [...signers].slice(0, 4).map((signer) => ({ type, round: 0, signer })));
    const statements = [...signers].map((signer) => {
      return { type: 'commit' as const, round: 0, signer, content: this.#noise(32), signature: this.#noise(65) };
    });
    for (const peer of to) {
      this.network.sendHearsay(this.address, peer, { kind: 'heard', height, groups });
      this.network.sendHearsay(this.address, peer, { kind: 'ask', height, places });
      if (random.chance(0.5)) this.network.sendHearsay(this.address, peer, { kind: 'show', height, statements });
    }
  }

  #noise(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.network.random.between(0, 255));
  }
}

/** Sends what it can think of: huge rounds and heights, forgotten and forged proofs, changed bytes, other people's messages. */
export class NoisyLiar extends MiniNode {
  readonly #heard: SignedMessage[] = [];

  override broadcast(message: SignedMessage): void {
    const { random } = this.network;
    if (random.chance(0.7)) super.broadcast(message);
    this.#heard.push(message);
    if (this.#heard.length > 50) this.#heard.shift();
    for (let count = random.between(0, 3); count > 0; count--) this.#lie(random.pick(this.network.nodes).address, message);
  }

  #lie(to: Address, about: SignedMessage): void {
    const { random } = this.network;
    const { height, round } = about;
    const digest = 'digest' in about ? about.digest : this.head;
    const round0: UnsignedMessage = { type: 'round-change', height, round: round + 1 };
    const lies: readonly (() => SignedMessage)[] = [
      () => this.#signed({ type: 'round-change', height, round: random.between(1, 2 ** 47) }),
      () => this.#signed({ type: 'round-change', height: height + random.between(1, 2 ** 40), round: 1 }),
      () => this.#signed(round0),
      () => this.#signed({ ...round0, prepared: { round, digest, proposal: new Uint8Array(9), prepares: [] } }),
      () => this.#signed({ type: 'commit', height: height + random.between(0, 6), round, digest }),
      () => this.#signed({ type: 'prepare', height, round: round + random.between(0, 100), digest }),
      () => ({ ...random.pick(this.#heard), signer: random.pick(this.network.nodes).address }),
      () => ({ ...about, signature: this.#noise(65) }),
      () => this.#signed({ type: 'pre-prepare', height, round: round + 1, digest, proposal: this.#noise(40), justification: [] }),
      () => this.#withWrongBytes(about),
    ];
    this.network.send(this.address, to, encodeMessage(random.pick(lies)()));
  }

  /** A genuine proof beside a proposal that is not what was prepared. */
  #withWrongBytes(about: SignedMessage): SignedMessage {
    if (about.type !== 'round-change' || about.prepared === undefined) return about;
    return { ...about, prepared: { ...about.prepared, proposal: this.#noise(30) } };
  }

  #noise(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.network.random.between(0, 255));
  }

  #signed(message: UnsignedMessage): SignedMessage {
    return signMessage(testDomain, message, this.key);
  }
}

/** The message without its signature. */
function bare(message: SignedMessage): UnsignedMessage {
  const { signature: _signature, signer: _signer, ...rest } = message;
  return rest as UnsignedMessage;
}
