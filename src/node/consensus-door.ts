import { decodeMessage, type SignedMessage } from '../consensus/index.ts';
import type { Environment, NodeId } from '../environment/index.ts';
import { hasCode } from '../errors.ts';
import { CONSENSUS_MESSAGES_PER_SECOND_MAX, WORTHLESS_MESSAGES_MAX } from '../limits.ts';
import { HeldFrames } from './held-frames.ts';
import { PeerAllowance } from './peer-allowance.ts';

interface Options {
  readonly environment: Environment;
  /** Who votes at the present height. */
  readonly isSealer: (peer: NodeId) => boolean;
  /** False until this node takes part in consensus: what comes before is held. */
  readonly isOpen: () => boolean;
  readonly deliver: (message: SignedMessage, from: NodeId) => void;
  /** Told of a frame of a peer that does not vote. */
  readonly onStranger: (peer: NodeId) => void;
}

/**
 * Where consensus frames come in. What costs nothing to see is seen here, before any signature is checked: who sent it,
 * how often it sends, and whether it is a message at all.
 */
export class ConsensusDoor {
  readonly #options: Options;
  readonly #held = new HeldFrames();
  readonly #reading: PeerAllowance;
  readonly #worthless: PeerAllowance;

  constructor(options: Options) {
    this.#options = options;
    const { clock } = options.environment;
    this.#reading = new PeerAllowance(clock, CONSENSUS_MESSAGES_PER_SECOND_MAX);
    this.#worthless = new PeerAllowance(clock, WORTHLESS_MESSAGES_MAX, 1);
  }

  receive(from: NodeId, frame: Uint8Array): void {
    const { environment, isSealer, isOpen, onStranger } = this.#options;
    const { metrics } = environment;
    if (!isSealer(from)) {
      metrics.count('consensus_stranger_frames_total');
      this.#held.hold(from, frame, true);
      onStranger(from);
      return;
    }
    if (!isOpen()) return this.#held.hold(from, frame, false);
    if (!this.#reading.take(from)) {
      metrics.count('consensus_flood_frames_total');
      return;
    }
    this.#read(from, frame);
  }

  /** A height begins: what came early is read, sealers that left are forgotten. */
  open(): void {
    const { isSealer } = this.#options;
    this.#reading.keep(isSealer);
    this.#worthless.keep(isSealer);
    for (const { from, frame } of this.#held.take(isSealer)) this.#read(from, frame);
  }

  /** A message that this peer delivered cost signature checks and was worth nothing. Whoever sends many is dropped. */
  noteWaste(from: NodeId): void {
    const { environment } = this.#options;
    environment.metrics.count('consensus_worthless_messages_total');
    if (this.#worthless.take(from)) return;
    environment.network.penalise(from, 'floods this node with worthless consensus messages');
  }

  #read(from: NodeId, frame: Uint8Array): void {
    let message: SignedMessage;
    try {
      message = decodeMessage(frame);
    } catch (error) {
      if (!hasCode(error, 'CONSENSUS_MALFORMED')) throw error;
      this.#options.environment.network.penalise(from, `malformed consensus message: ${error.detail}`);
      return;
    }
    // Its signature is checked in the step that takes it.
    this.#options.environment.cpu.charge({ operation: 'vote_verify' });
    this.#options.deliver(message, from);
  }
}
