import type { ConsensusCore, ConsensusEffect, ConsensusEvent, Evidence } from '../consensus/index.ts';
import type { Address } from '../crypto/index.ts';
import { type Environment, sleep } from '../environment/index.ts';
import { hasCode } from '../errors.ts';
import type { BlockRecord, Ledger } from '../ledger/index.ts';
import { CONSENSUS_EVENTS_MAX, DISK_FULL_PAUSE_MICROS } from '../limits.ts';
import { setOf } from '../set-of.ts';
import { ConsensusBuild, type ConsensusTiming } from './consensus-build.ts';
import { ConsensusChain } from './consensus-chain.ts';
import { ConsensusDoor } from './consensus-door.ts';
import { ConsensusHearsay } from './consensus-hearsay.ts';
import { ConsensusJournal, type RoundRecord } from './consensus-journal.ts';
import { validateProposal } from './consensus-validate.ts';
import { CONSENSUS_PROTOCOL, ConsensusVoice } from './consensus-voice.ts';
import { ProposerHistory } from './proposer-history.ts';
import { RoundClock } from './round-clock.ts';
import type { Standing } from './standing.ts';
import type { VoteLog } from './vote-log.ts';

export interface ConsensusDriver {
  start(): void;
  stop(): void;
  /** Rounds above 0 that this node entered, with what it gave as the reason. */
  readonly rounds: readonly RoundRecord[];
}

interface Dependencies {
  readonly environment: Environment;
  readonly ledger: Ledger;
  readonly core: ConsensusCore;
  readonly votes: VoteLog;
  /** Says when this node may take part; without it, it may from the start. */
  readonly standing?: Standing;
  /** Told of every proof that a sealer signed two messages for one place. */
  readonly onEvidence?: (evidence: Evidence) => void;
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
  readonly #with: Dependencies;
  readonly #journal: ConsensusJournal;
  readonly #door: ConsensusDoor;
  readonly #voice: ConsensusVoice;
  readonly #build: ConsensusBuild;
  readonly #history: ProposerHistory;
  readonly #clock: RoundClock;
  readonly #chain: ConsensusChain;
  readonly #hearsay: ConsensusHearsay;
  readonly #queue: ConsensusEvent[] = [];
  #stepping = false;
  #stopped = false;
  /** The headers that decide who is passed over have been read. */
  #loaded = false;
  #height = 0;
  #workHeight = 0;
  /** Former sealers that were told at this height that the chain is here. */
  readonly #told = new Set<Address>();
  #unsubscribe: (() => void)[] = [];

  constructor(timing: ConsensusTiming, dependencies: Dependencies) {
    this.#with = dependencies;
    const { environment, ledger, votes } = dependencies;
    this.#journal = new ConsensusJournal(environment);
    this.#history = new ProposerHistory(ledger);
    this.#clock = new RoundClock(environment.clock, timing.baseTimeoutMicros ?? 0);
    this.#chain = new ConsensusChain({ environment, ledger, fail: this.#fail });
    this.#voice = new ConsensusVoice({
      environment,
      votes,
      sealers: () => ledger.sealers(),
      sent: (message) => this.#enqueue({ type: 'sent', message }),
    });
    this.#build = new ConsensusBuild(timing, {
      environment,
      ledger,
      built: ({ height, round }, { digest, proposal }) => this.#enqueue({ type: 'built', height, round, digest, proposal }),
      fail: this.#fail,
    });
    const isSealer = (peer: Address): boolean => setOf(ledger.sealers()).has(peer);
    this.#hearsay = new ConsensusHearsay({ environment, isSealer, deliver: (event) => this.#enqueue(event) });
    this.#door = new ConsensusDoor({
      environment,
      isSealer,
      isOpen: () => this.#height > 0,
      deliver: (message, via) => this.#enqueue({ type: 'message', message, via }),
      onStranger: (peer) => this.#showTheWay(peer),
    });
  }

  get rounds(): readonly RoundRecord[] {
    return this.#journal.rounds;
  }

  start(): void {
    const { environment, ledger, standing } = this.#with;
    environment.network.onFrame(CONSENSUS_PROTOCOL, (from, frame) => {
      if (!this.#stopped) this.#door.receive(from, frame);
    });
    this.#hearsay.start();
    this.#unsubscribe = [ledger.onHead((block) => this.#noteBlock(block)), ledger.onPending(() => this.#noticeWork())];
    environment.network.onPeer((event) => {
      if (event.type !== 'connected' || this.#stopped) return;
      this.#voice.introduce(event.peer);
      this.#hearsay.introduce(event.peer);
    });
    standing?.onSettled(() => this.#startHeight());
    this.#load().catch(this.#fail);
  }

  stop(): void {
    this.#stopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#voice.stop();
    this.#hearsay.stop();
    this.#build.drop();
    this.#clock.cancel();
    this.#chain.stop();
  }

  async #load(): Promise<void> {
    const { environment } = this.#with;
    this.#loaded = false;
    while (!this.#stopped) {
      try {
        await this.#history.load();
        this.#loaded = true;
        return this.#startHeight();
      } catch (error) {
        // A header that the disk has lost comes from peers, once there are some.
        if (!hasCode(error, 'LEDGER_DAMAGED')) throw error;
        environment.log.warn('consensus.history-unreadable', { reason: error.detail });
        await sleep(environment, DISK_FULL_PAUSE_MICROS, 'headers that are repaired');
      }
    }
  }

  /** Stops for good: whoever cannot trust its own steps must not vote. What fails because the node stops is no failure. */
  readonly #fail = (error: unknown): void => {
    if (this.#stopped) return;
    this.stop();
    this.#with.fatal(error);
  };

  #noteBlock({ header, certificate }: BlockRecord): void {
    // Who joined by snapshot has the headers in between, but was not told of them one by one.
    if (this.#loaded && header.number > this.#history.nextHeight) this.#load().catch(this.#fail);
    else if (this.#loaded) this.#history.add(header);
    // Its votes may contradict what this node was told; it was checked when the block was taken.
    if (certificate !== undefined && this.#height > 0) this.#enqueue({ type: 'certified', certificate });
    this.#startHeight();
  }

  /** The one place where a height begins, whether the block before it came by votes or by sync. */
  #startHeight(): void {
    const { ledger, votes, standing, environment } = this.#with;
    const height = ledger.head.number + 1;
    if (this.#stopped || !this.#loaded || height <= this.#height || standing?.settled === false) return;
    const skipped = this.#history.nextHeight === height ? this.#history.skippedNext() : undefined;
    if (skipped === undefined) {
      // Blocks come by sync until the window is full: a wrong list would refuse what all others accept.
      environment.log.info('consensus.history-missing', { height });
      return;
    }
    this.#height = height;
    this.#build.begin(height);
    this.#voice.begin(height);
    this.#told.clear();
    void votes.forgetBelow(height).catch(this.#failUnlessFull);
    const abstain = height < votes.floor;
    const restored = abstain ? undefined : votes.restore(height);
    const fromRound = votes.fromRound(height);
    this.#clock.begin(restored !== undefined);
    const { baseTimeoutMicros } = this.#clock;
    environment.metrics.gauge('consensus_abstaining', abstain ? 1 : 0);
    environment.metrics.gauge('consensus_base_timeout_ms', baseTimeoutMicros / 1000);
    this.#enqueue({
      type: 'start',
      height,
      sealers: ledger.sealers(),
      ...(restored !== undefined && { restored }),
      ...(skipped.length > 0 && { skipped }),
      ...(baseTimeoutMicros > 0 && { baseTimeoutMicros }),
      ...(abstain && { abstain }),
      ...(fromRound > 0 && { fromRound }),
    });
    this.#hearsay.beginHeight();
    this.#door.open();
    this.#noticeWork();
  }

  #noticeWork(): void {
    if (this.#stopped || this.#height === 0 || this.#with.ledger.pendingCount() === 0) return;
    if (this.#workHeight !== this.#height) {
      this.#workHeight = this.#height;
      this.#enqueue({ type: 'work', height: this.#height });
    }
    this.#build.reconsider();
  }

  /** A node that no longer votes and does not know it yet is told where the chain is, once for each height. */
  #showTheWay(peer: Address): void {
    if (this.#told.has(peer) || !this.#history.wasSealer(peer)) return;
    this.#told.add(peer);
    this.#with.ledger.announceHead(peer);
  }

  #enqueue(event: ConsensusEvent): void {
    if (this.#stopped) return;
    if ((event.type === 'message' || event.type === 'hearsay') && this.#queue.length >= CONSENSUS_EVENTS_MAX) {
      // Only messages of peers can pile up; the network does not promise them and votes are repeated on timeout.
      this.#with.environment.metrics.count('consensus_events_dropped_total');
      return;
    }
    this.#queue.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const effect of this.#with.core.step(next)) this.#carryOut(effect);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#stepping = false;
    }
  }

  #carryOut(effect: ConsensusEffect): void {
    const { environment, ledger } = this.#with;
    switch (effect.type) {
      case 'sign':
        this.#voice.sign(effect).catch(this.#fail);
        return;
      case 'resend':
        this.#voice.broadcast(effect.message);
        return;
      case 'build':
        this.#build.plan({ height: effect.height, round: effect.round });
        return;
      case 'validate':
        this.#build.noteProposed();
        this.#validate(effect).catch(this.#fail);
        return;
      case 'timer':
        this.#clock.set(effect, () => this.#enqueue({ type: 'timeout', height: effect.height, round: effect.round }));
        return;
      case 'commit':
        this.#clock.end(effect.round);
        this.#chain.commit(effect).catch(this.#fail);
        return;
      case 'round':
        this.#build.beginRound(effect.round);
        if (effect.round > 0) this.#hearsay.beginRound();
        this.#journal.noteRound(effect);
        return;
      case 'behind':
        environment.log.info('consensus.behind', { height: this.#height, seen: effect.height });
        this.#chain.catchUp();
        return;
      case 'lagging':
        // The head announcement makes the peer fetch the block with its certificate.
        ledger.announceHead(effect.peer);
        return;
      case 'fault':
        this.#journal.noteFault(effect, this.#height);
        return;
      case 'waste':
        this.#door.noteWaste(effect.peer);
        return;
      case 'hearsay':
        this.#hearsay.send(effect);
        return;
      case 'evidence':
        this.#journal.noteEvidence(effect);
        this.#with.onEvidence?.(effect.evidence);
        return;
    }
  }

  async #validate(effect: Extract<ConsensusEffect, { type: 'validate' }>): Promise<void> {
    const { height, round, digest } = effect;
    const verdict = await validateProposal(this.#with, effect);
    if (verdict === undefined) return;
    const reason = verdict.valid ? {} : { reason: verdict.reason };
    this.#enqueue({ type: 'validated', height, round, digest, valid: verdict.valid, ...reason });
  }

  readonly #failUnlessFull = (error: unknown): void => {
    if (!hasCode(error, 'DISK_FULL')) this.#fail(error);
  };
}
