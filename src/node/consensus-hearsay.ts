import { type ConsensusEffect, type ConsensusEvent, decodeHearsay, encodeHearsay, type Hearsay } from '../consensus/index.ts';
import type { Environment, NodeId, Timer } from '../environment/index.ts';
import { hasCode } from '../errors.ts';
import { HEARD_FRAMES_PER_SECOND_MAX, HEARD_PAUSE_MICROS } from '../limits.ts';
import { PeerAllowance } from './peer-allowance.ts';

/** The protocol by which sealers compare what they heard from the others. */
export const HEARD_PROTOCOL = 'heard/1';

interface Options {
  readonly environment: Environment;
  /** Who votes at the present height. */
  readonly isSealer: (peer: NodeId) => boolean;
  readonly deliver: (event: Extract<ConsensusEvent, { type: 'hearsay' | 'compare' }>) => void;
}

/**
 * Carries what sealers tell one another of what they heard, and says when it is time to: a moment after each height and
 * each round that failed, so that late votes are in it. The rules are 29 to 31 of `docs/reference/consensus.md`.
 */
export class ConsensusHearsay {
  readonly #options: Options;
  readonly #reading: PeerAllowance;
  #timer: Timer | undefined;
  #due = false;

  constructor(options: Options) {
    this.#options = options;
    this.#reading = new PeerAllowance(options.environment.clock, HEARD_FRAMES_PER_SECOND_MAX);
  }

  /** Call it before the network starts. */
  start(): void {
    this.#options.environment.network.onFrame(HEARD_PROTOCOL, (from, frame) => this.#receive(from, frame));
  }

  stop(): void {
    if (this.#timer !== undefined) this.#options.environment.clock.cancel(this.#timer);
  }

  /** A height begins. What is due of an earlier one is told now: when blocks are quick, it would be forgotten before the pause is over. */
  beginHeight(): void {
    this.#reading.keep(this.#options.isSealer);
    if (this.#due) this.#compare();
    this.beginRound();
  }

  /** A round is over, or a height. */
  beginRound(): void {
    if (this.#due) return;
    this.#due = true;
    this.#timer = this.#options.environment.clock.set(HEARD_PAUSE_MICROS, () => this.#compare(), 'compare what was heard');
  }

  /** A sealer that could not be told before is told now. */
  introduce(peer: NodeId): void {
    if (this.#options.isSealer(peer)) this.#options.deliver({ type: 'compare', peer });
  }

  send({ to, hearsay }: Extract<ConsensusEffect, { type: 'hearsay' }>): void {
    const { network, metrics } = this.#options.environment;
    const frame = encodeHearsay(hearsay);
    for (const peer of to) network.send(peer, HEARD_PROTOCOL, frame, 'control');
    metrics.count('consensus_heard_bytes_total', frame.length * to.length);
    if (hearsay.kind === 'show') metrics.count('consensus_heard_contradictions_total', hearsay.statements.length);
  }

  #compare(): void {
    this.stop();
    this.#due = false;
    this.#options.deliver({ type: 'compare' });
  }

  #receive(from: NodeId, frame: Uint8Array): void {
    const { environment, isSealer, deliver } = this.#options;
    if (!isSealer(from)) return;
    if (!this.#reading.take(from)) {
      environment.metrics.count('consensus_flood_frames_total');
      return;
    }
    let hearsay: Hearsay;
    try {
      hearsay = decodeHearsay(frame);
    } catch (error) {
      if (!hasCode(error, 'CONSENSUS_MALFORMED')) throw error;
      environment.network.penalise(from, `malformed report of what was heard: ${error.detail}`);
      return;
    }
    if (hearsay.kind === 'show') environment.cpu.charge({ operation: 'vote_verify', units: hearsay.statements.length });
    deliver({ type: 'hearsay', hearsay, via: from });
  }
}
