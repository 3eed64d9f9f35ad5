import type { CommitCertificate, ConsensusCore, ConsensusEffect, ConsensusEvent, SignedMessage } from '../consensus/index.ts';
import { decodeMessage, encodeMessage } from '../consensus/index.ts';
import { type Address, equalBytes } from '../crypto/index.ts';
import type { Environment, Timer } from '../environment/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { decodeProposal, type Ledger, type ProposalVerdict } from '../ledger/index.ts';
import { CONSENSUS_EVENTS_MAX, CONSENSUS_FRAMES_KEPT_MAX, CONSENSUS_ROUNDS_KEPT_MAX } from '../limits.ts';
import type { VoteLog } from './vote-log.ts';

/** The wire protocol of votes. */
export const CONSENSUS_PROTOCOL = 'consensus/1';

export interface ConsensusTiming {
  /** Least time between two blocks: transactions that arrive meanwhile share a block. */
  readonly blockIntervalMicros: number;
  /** An empty block is proposed when nothing happened for so long. */
  readonly heartbeatMicros: number;
}

export interface ConsensusDriver {
  start(): void;
  stop(): void;
  /** Rounds above 0 that this node entered, with what it gave as the reason. */
  readonly rounds: readonly RoundRecord[];
}

export interface RoundRecord {
  readonly height: number;
  readonly round: number;
  readonly proposer: Address;
  readonly reason: string;
  readonly atMicros: number;
}

interface Dependencies {
  readonly environment: Environment;
  readonly ledger: Ledger;
  readonly core: ConsensusCore;
  readonly votes: VoteLog;
  /** Called when the node can no longer do its job: a broken invariant is worse than a stopped node. */
  readonly fatal: (error: unknown) => void;
}

/**
 * Carries out the effects of a consensus core: the core decides, this signs, sends, executes, stores and keeps time.
 * Events are handled one at a time; what takes time (a flush, an execution) comes back as a later event.
 */
export function createConsensusDriver(timing: ConsensusTiming, dependencies: Dependencies): ConsensusDriver {
  return new Driver(timing, dependencies);
}

class Driver implements ConsensusDriver {
  readonly rounds: RoundRecord[] = [];
  readonly #timing: ConsensusTiming;
  readonly #environment: Environment;
  readonly #ledger: Ledger;
  readonly #core: ConsensusCore;
  readonly #votes: VoteLog;
  readonly #reportFatal: (error: unknown) => void;
  readonly #queue: ConsensusEvent[] = [];
  #stepping = false;
  #stopped = false;
  #height = 0;
  /** Signing is strictly one after another: the order of records is the order of votes. */
  #signing: Promise<void> = Promise.resolve();
  #roundTimer: Timer | undefined;
  #buildTimer: Timer | undefined;
  #build: { readonly height: number; readonly round: number } | undefined;
  #lastBlockAtMicros = 0;
  #workHeight = 0;
  #unsubscribe: (() => void)[] = [];
  /** The latest frames of the present height. */
  readonly #said: Uint8Array[] = [];

  constructor(timing: ConsensusTiming, dependencies: Dependencies) {
    this.#timing = timing;
    this.#environment = dependencies.environment;
    this.#ledger = dependencies.ledger;
    this.#core = dependencies.core;
    this.#votes = dependencies.votes;
    this.#reportFatal = dependencies.fatal;
  }

  start(): void {
    this.#environment.network.onFrame(CONSENSUS_PROTOCOL, (from, frame) => this.#receive(from, frame));
    this.#unsubscribe = [this.#ledger.onHead(() => this.#startHeight()), this.#ledger.onPending(() => this.#noticeWork())];
    this.#environment.network.onPeer((event) => {
      if (event.type === 'connected') this.#introduce(event.peer);
    });
    this.#startHeight();
  }

  stop(): void {
    this.#stopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#cancel(this.#roundTimer);
    this.#cancel(this.#buildTimer);
  }

  /** Stops for good: whoever cannot trust its own steps must not vote. What fails because the node stops is no failure. */
  readonly #fail = (error: unknown): void => {
    if (this.#stopped) return;
    this.stop();
    this.#reportFatal(error);
  };

  /** The one place where a height begins, whether the block before it came by votes or by sync. */
  #startHeight(): void {
    const height = this.#ledger.head.number + 1;
    if (this.#stopped || height <= this.#height) return;
    this.#height = height;
    this.#build = undefined;
    this.#said.length = 0;
    this.#cancel(this.#buildTimer);
    this.#lastBlockAtMicros = this.#environment.clock.now();
    void this.#votes.forgetBelow(height).catch(this.#fail);
    const restored = this.#votes.restore(height);
    const sealers = this.#ledger.sealers();
    this.#enqueue({ type: 'start', height, sealers, ...(restored !== undefined && { restored }) });
    this.#noticeWork();
  }

  #noticeWork(): void {
    if (this.#stopped || this.#ledger.pendingCount() === 0) return;
    if (this.#workHeight !== this.#height) {
      this.#workHeight = this.#height;
      this.#enqueue({ type: 'work', height: this.#height });
    }
    if (this.#build !== undefined) this.#planBuild();
  }

  #receive(from: Address, frame: Uint8Array): void {
    if (this.#stopped) return;
    let message: SignedMessage;
    try {
      message = decodeMessage(frame);
    } catch (error) {
      if (!hasCode(error, 'CONSENSUS_MALFORMED')) throw error;
      this.#environment.network.penalise(from, `malformed consensus message: ${error.detail}`);
      return;
    }
    this.#enqueue({ type: 'message', message, via: from });
  }

  #enqueue(event: ConsensusEvent): void {
    if (this.#stopped) return;
    if (event.type === 'message' && this.#queue.length >= CONSENSUS_EVENTS_MAX) {
      // Only messages of peers can pile up; the network does not promise them and votes are repeated on timeout.
      this.#environment.metrics.count('consensus_events_dropped_total');
      return;
    }
    this.#queue.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const effect of this.#core.step(next)) this.#carryOut(effect);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#stepping = false;
    }
  }

  #carryOut(effect: ConsensusEffect): void {
    switch (effect.type) {
      case 'sign':
        this.#signing = this.#signing.then(() => this.#sign(effect)).catch(this.#fail);
        return;
      case 'resend':
        this.#broadcast(effect.message);
        return;
      case 'build':
        this.#build = { height: effect.height, round: effect.round };
        this.#planBuild();
        return;
      case 'validate':
        void this.#validate(effect).catch(this.#fail);
        return;
      case 'timer':
        this.#setRoundTimer(effect);
        return;
      case 'commit':
        void this.#commit(effect).catch(this.#fail);
        return;
      case 'round':
        this.#noteRound(effect);
        return;
      case 'behind':
        this.#environment.log.info('consensus.behind', { height: this.#height, seen: effect.height });
        // A catch-up ends quietly when nobody delivers: what it does reject with is a fault of this node.
        void this.#ledger.catchUp().catch(this.#fail);
        return;
      case 'lagging':
        // The head announcement makes the peer fetch the block with its certificate.
        this.#ledger.announceHead(effect.peer);
        return;
      case 'fault':
        this.#environment.metrics.count('consensus_faults_total');
        this.#environment.log.warn('consensus.fault', { peer: effect.peer, reason: effect.reason, height: this.#height });
        return;
    }
  }

  async #sign(effect: Extract<ConsensusEffect, { type: 'sign' }>): Promise<void> {
    // A vote whose height has become final meanwhile is of no use to anyone.
    if (this.#stopped || effect.message.height < this.#height) return;
    const message = await this.#environment.cpu.run({ operation: 'vote_sign' }, () =>
      this.#votes.sign(effect.message, effect.prepared),
    );
    if (this.#stopped || effect.message.height < this.#height) return;
    if (message === undefined) {
      const { type, height, round } = effect.message;
      this.#environment.log.warn('consensus.vote-withheld', { type, height, round, why: 'another vote was signed before' });
      return;
    }
    this.#broadcast(message);
    this.#enqueue({ type: 'sent', message });
  }

  /** What this node said at this height, for a sealer that was not connected when it was said. */
  #introduce(peer: Address): void {
    if (this.#stopped || !this.#ledger.sealers().includes(peer)) return;
    for (const frame of this.#said) this.#environment.network.send(peer, CONSENSUS_PROTOCOL, frame, 'control');
  }

  #broadcast(message: SignedMessage): void {
    const frame = encodeMessage(message);
    if (message.height === this.#height) {
      const again = this.#said.findIndex((said) => equalBytes(said, frame));
      if (again >= 0) this.#said.splice(again, 1);
      this.#said.push(frame);
      if (this.#said.length > CONSENSUS_FRAMES_KEPT_MAX) this.#said.shift();
    }
    for (const sealer of this.#ledger.sealers()) {
      if (sealer !== this.#environment.node) this.#environment.network.send(sealer, CONSENSUS_PROTOCOL, frame, 'control');
    }
  }

  /** A proposal waits for the block interval, and then for a transaction or the heartbeat, whichever is first. */
  #planBuild(): void {
    const plan = this.#build;
    if (plan === undefined || this.#stopped) return;
    const now = this.#environment.clock.now();
    const idle = this.#ledger.pendingCount() === 0 && plan.round === 0;
    const dueMicros = this.#lastBlockAtMicros + (idle ? this.#timing.heartbeatMicros : this.#timing.blockIntervalMicros);
    this.#cancel(this.#buildTimer);
    this.#buildTimer = this.#environment.clock.set(
      Math.max(0, dueMicros - now),
      () => {
        this.#build = undefined;
        void this.#propose(plan).catch(this.#fail);
      },
      'propose a block',
    );
  }

  async #propose(plan: { readonly height: number; readonly round: number }): Promise<void> {
    if (this.#stopped || plan.height !== this.#height) return;
    const timestampMs = Math.floor(this.#environment.clock.now() / 1000);
    const { digest, proposal } = await this.#ledger.propose({ proposer: this.#environment.node, timestampMs });
    this.#enqueue({ type: 'built', height: plan.height, round: plan.round, digest, proposal });
  }

  async #validate(effect: Extract<ConsensusEffect, { type: 'validate' }>): Promise<void> {
    const { height, round, digest, proposal, proposer } = effect;
    const nowMs = Math.floor(this.#environment.clock.now() / 1000);
    const stolen = effect.reproposed ? undefined : foreignBuilder(proposal, proposer);
    let verdict: ProposalVerdict;
    try {
      verdict =
        stolen === undefined
          ? await this.#ledger.check(proposal, { digest, from: proposer, nowMs })
          : { valid: false, reason: stolen };
    } catch (error) {
      if (!hasCode(error, 'LEDGER_BODIES_MISSING')) throw error;
      // Nobody is blamed for bodies that did not arrive: without an answer the round's time runs out.
      this.#logFailure('consensus.bodies-missing', error);
      return;
    }
    const reason = verdict.valid ? {} : { reason: verdict.reason };
    this.#enqueue({ type: 'validated', height, round, digest, valid: verdict.valid, ...reason });
  }

  async #commit(effect: Extract<ConsensusEffect, { type: 'commit' }>): Promise<void> {
    if (effect.height !== this.#ledger.head.number + 1) return;
    const certificate: CommitCertificate = effect.certificate;
    this.#cancel(this.#roundTimer);
    try {
      await this.#ledger.commit({ digest: effect.digest, proposal: effect.proposal, certificate });
    } catch (error) {
      // The block is final all the same: it comes with its bodies from whoever has them.
      if (!hasCode(error, 'LEDGER_NOT_NEXT') && !hasCode(error, 'LEDGER_BODIES_MISSING')) throw error;
      await this.#ledger.catchUp();
    }
  }

  #setRoundTimer(effect: Extract<ConsensusEffect, { type: 'timer' }>): void {
    this.#cancel(this.#roundTimer);
    const { height, round, delayMicros } = effect;
    this.#roundTimer = this.#environment.clock.set(
      delayMicros,
      () => this.#enqueue({ type: 'timeout', height, round }),
      `round ${round} of height ${height}`,
    );
  }

  #noteRound(effect: Extract<ConsensusEffect, { type: 'round' }>): void {
    const { height, round, proposer, reason } = effect;
    if (this.#build !== undefined && this.#build.round !== round) {
      this.#build = undefined;
      this.#cancel(this.#buildTimer);
    }
    if (round === 0) return;
    this.rounds.push({ height, round, proposer, reason, atMicros: this.#environment.clock.now() });
    if (this.rounds.length > CONSENSUS_ROUNDS_KEPT_MAX) this.rounds.shift();
    this.#environment.metrics.count('consensus_view_changes_total');
    this.#environment.log.info('consensus.round', { height, round, proposer, reason });
    // Above round 0 the next proposal must not wait for the interval of a block that never came.
    this.#lastBlockAtMicros = Math.min(this.#lastBlockAtMicros, this.#environment.clock.now() - this.#timing.blockIntervalMicros);
  }

  #logFailure(event: string, error: unknown): void {
    this.#environment.log.warn(event, { reason: error instanceof TreadleError ? error.code : String(error) });
  }

  #cancel(timer: Timer | undefined): void {
    if (timer !== undefined) this.#environment.clock.cancel(timer);
  }
}

/**
 * A fresh block names the sealer whose turn it is as its builder. (One that is proposed again names the sealer that
 * built it first.) What cannot be read is left to the ledger, which says why.
 */
function foreignBuilder(proposal: Uint8Array, proposer: Address): string | undefined {
  try {
    const builder = decodeProposal(proposal).header.proposer;
    return builder === proposer ? undefined : `its header names ${builder} as the proposer, the turn is that of ${proposer}`;
  } catch (error) {
    if (error instanceof TreadleError) return undefined;
    throw error;
  }
}
