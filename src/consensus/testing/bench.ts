import { type Address, type Hex, keccak256, type NodeKey, toHex } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';
import type { ConsensusCore, ConsensusEffect, ConsensusEvent, PreparedProof, RestoredVotes } from '../core.ts';
import type { Commit, PrePrepare, Prepare, RoundChange, Signed, SignedMessage, UnsignedMessage } from '../messages.ts';
import { makeJustification } from '../pbft/justification.ts';
import { createPbft } from '../pbft/pbft.ts';
import { signMessage } from '../signing.ts';
import { testDomain, testKeys } from './keys.ts';

export const BASE = 1_000_000;
export const IDLE = 5_000_000;

/** A proposal whose digest is the hash of its name. */
export function proposalOf(name: string): { readonly digest: Hex; readonly proposal: Uint8Array } {
  const proposal = new TextEncoder().encode(name);
  return { digest: toHex(keccak256(proposal)), proposal };
}

/**
 * One core at a seat, with the keys of all others: tests play the network, the ledger and the disk by hand. At height h
 * the proposer of round r has seat (h + r) mod n.
 */
export class Bench {
  readonly keys: readonly NodeKey[];
  readonly seat: number;
  readonly height: number;
  readonly core: ConsensusCore;

  constructor(options: { readonly sealers?: number; readonly seat?: number; readonly height?: number } = {}) {
    this.keys = testKeys(options.sealers ?? 4);
    this.seat = options.seat ?? 0;
    this.height = options.height ?? 1;
    this.core = createPbft({
      domain: testDomain,
      self: this.address(this.seat),
      baseTimeoutMicros: BASE,
      idleTimeoutMicros: IDLE,
    });
  }

  get sealers(): readonly Address[] {
    return this.keys.map((key) => key.address);
  }

  address(seat: number): Address {
    return this.#key(seat).address;
  }

  start(height = this.height, restored?: RestoredVotes): readonly ConsensusEffect[] {
    return this.core.step({ type: 'start', height, sealers: this.sealers, ...(restored && { restored }) });
  }

  step(event: ConsensusEvent): readonly ConsensusEffect[] {
    return this.core.step(event);
  }

  sign(seat: number, message: UnsignedMessage): SignedMessage {
    return signMessage(testDomain, message, this.#key(seat));
  }

  prePrepare(seat: number, round: number, name: string, roundChanges: readonly Signed<RoundChange>[] = []): Signed<PrePrepare> {
    const justification = makeJustification(roundChanges);
    return this.sign(seat, {
      type: 'pre-prepare',
      height: this.height,
      round,
      ...proposalOf(name),
      justification,
    }) as Signed<PrePrepare>;
  }

  prepare(seat: number, round: number, name: string, height = this.height): Signed<Prepare> {
    return this.sign(seat, { type: 'prepare', height, round, digest: proposalOf(name).digest }) as Signed<Prepare>;
  }

  commit(seat: number, round: number, name: string, height = this.height): Signed<Commit> {
    return this.sign(seat, { type: 'commit', height, round, digest: proposalOf(name).digest }) as Signed<Commit>;
  }

  roundChange(seat: number, round: number, prepared?: PreparedProof, height = this.height): Signed<RoundChange> {
    return this.sign(seat, { type: 'round-change', height, round, ...(prepared && { prepared }) }) as Signed<RoundChange>;
  }

  /** The proof that these seats prepared a proposal in a round. */
  proof(seats: readonly number[], round: number, name: string): PreparedProof {
    return { round, ...proposalOf(name), prepares: seats.map((seat) => this.prepare(seat, round, name)) };
  }

  /** Delivers messages from their signers, in order. */
  deliver(...messages: readonly SignedMessage[]): readonly ConsensusEffect[] {
    return messages.flatMap((message) => this.core.step({ type: 'message', message, via: message.signer }));
  }

  /** Answers every 'sign' among these effects with 'sent', and what follows from it too. */
  settle(effects: readonly ConsensusEffect[]): readonly ConsensusEffect[] {
    const all = [...effects];
    for (let at = 0; at < all.length; at++) {
      const effect = all[at];
      invariant(all.length < 1000, 'effects come to an end');
      if (effect?.type === 'sign') all.push(...this.step({ type: 'sent', message: this.sign(this.seat, effect.message) }));
    }
    return all;
  }

  validated(round: number, name: string, valid = true): readonly ConsensusEffect[] {
    const reason = valid ? {} : { reason: 'it is bad' };
    return this.step({ type: 'validated', height: this.height, round, digest: proposalOf(name).digest, valid, ...reason });
  }

  timeout(round: number): readonly ConsensusEffect[] {
    return this.step({ type: 'timeout', height: this.height, round });
  }

  /** Runs the proposal of a round up to this node's commit vote. */
  prepareAll(
    round: number,
    name: string,
    proposer: number,
    roundChanges: readonly Signed<RoundChange>[] = [],
  ): readonly ConsensusEffect[] {
    this.deliver(this.prePrepare(proposer, round, name, roundChanges));
    this.settle(this.validated(round, name));
    const others = this.keys.map((_, seat) => seat).filter((seat) => seat !== this.seat);
    return this.settle(this.deliver(...others.map((seat) => this.prepare(seat, round, name))));
  }

  #key(seat: number): NodeKey {
    const key = this.keys[seat];
    invariant(key !== undefined, 'the seat exists');
    return key;
  }
}

/** The effects of one type. */
export function only<T extends ConsensusEffect['type']>(
  effects: readonly ConsensusEffect[],
  type: T,
): readonly Extract<ConsensusEffect, { type: T }>[] {
  return effects.filter((effect): effect is Extract<ConsensusEffect, { type: T }> => effect.type === type);
}

/** The messages that these effects ask to sign. */
export function signed(effects: readonly ConsensusEffect[]): readonly UnsignedMessage[] {
  return only(effects, 'sign').map((effect) => effect.message);
}

/** The reasons of the faults among these effects. */
export function faults(effects: readonly ConsensusEffect[]): readonly string[] {
  return only(effects, 'fault').map((effect) => effect.reason);
}
