import { type ConsensusEffect, encodeMessage, type SignedMessage } from '../consensus/index.ts';
import { type Address, equalBytes } from '../crypto/index.ts';
import { type Environment, type NodeId, sleep } from '../environment/index.ts';
import { hasCode } from '../errors.ts';
import { CONSENSUS_FRAMES_KEPT_MAX, DISK_FULL_PAUSE_MICROS } from '../limits.ts';
import type { VoteLog } from './vote-log.ts';

/** The wire protocol of votes. */
export const CONSENSUS_PROTOCOL = 'consensus/1';

interface Options {
  readonly environment: Environment;
  readonly votes: VoteLog;
  readonly sealers: () => readonly Address[];
  /** A message is durable and was sent. */
  readonly sent: (message: SignedMessage) => void;
}

/** What this node says at the present height: recorded, signed, sent to all sealers, and told again to one that connects late. */
export class ConsensusVoice {
  readonly #options: Options;
  #height = 0;
  #silent = false;
  /** Signing is strictly one after another: the order of records is the order of votes. */
  #signing: Promise<void> = Promise.resolve();
  /** The latest frames of the present height. */
  readonly #said: Uint8Array[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  begin(height: number): void {
    this.#height = height;
    this.#said.length = 0;
  }

  stop(): void {
    this.#silent = true;
  }

  /** Signs after everything before it; rejects when the node cannot keep its word any more. */
  sign(effect: Extract<ConsensusEffect, { type: 'sign' }>): Promise<void> {
    const signing = this.#signing.then(() => this.#sign(effect));
    this.#signing = signing.catch(() => undefined);
    return signing;
  }

  broadcast(message: SignedMessage): void {
    const { environment, sealers } = this.#options;
    const frame = encodeMessage(message);
    if (message.height === this.#height) {
      const again = this.#said.findIndex((said) => equalBytes(said, frame));
      if (again >= 0) this.#said.splice(again, 1);
      this.#said.push(frame);
      if (this.#said.length > CONSENSUS_FRAMES_KEPT_MAX) this.#said.shift();
    }
    for (const sealer of sealers()) {
      if (sealer !== environment.node) environment.network.send(sealer, CONSENSUS_PROTOCOL, frame, 'control');
    }
  }

  /** Tells a sealer that was not connected then what was said at this height. */
  introduce(peer: NodeId): void {
    if (this.#silent || !this.#options.sealers().includes(peer)) return;
    for (const frame of this.#said) this.#options.environment.network.send(peer, CONSENSUS_PROTOCOL, frame, 'control');
  }

  async #sign({ message: unsigned, prepared }: Extract<ConsensusEffect, { type: 'sign' }>): Promise<void> {
    const { environment, votes, sent } = this.#options;
    // A vote whose height has become final meanwhile is of no use to anyone.
    if (this.#isOver(unsigned.height)) return;
    const { type, height, round } = unsigned;
    let message: SignedMessage | undefined;
    for (let unrecorded = true; unrecorded; ) {
      try {
        message = await environment.cpu.run({ operation: 'vote_sign' }, () => votes.sign(unsigned, prepared));
        unrecorded = false;
      } catch (error) {
        // What cannot be recorded is not said, until there is room again or the height is over without this vote.
        if (!hasCode(error, 'DISK_FULL')) throw error;
        environment.metrics.count('consensus_votes_unrecorded_total');
        environment.log.error('consensus.vote-unrecorded', { type, height, round, reason: error.detail });
        await sleep(environment, DISK_FULL_PAUSE_MICROS, 'room for a vote');
        if (this.#isOver(height)) return;
      }
    }
    if (this.#isOver(height)) return;
    if (message === undefined) {
      environment.log.warn('consensus.vote-withheld', { type, height, round, why: 'another vote was signed before' });
      return;
    }
    this.broadcast(message);
    sent(message);
  }

  #isOver(height: number): boolean {
    return this.#silent || height < this.#height;
  }
}
