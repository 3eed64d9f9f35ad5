import type { Environment, Timer } from '../environment/index.ts';
import { hasCode } from '../errors.ts';
import type { Ledger, Proposal } from '../ledger/index.ts';

export interface ConsensusTiming {
  /** Least time from one proposal to the next: transactions that arrive meanwhile share a block. */
  readonly blockIntervalMicros: number;
  /** An empty block is proposed when nothing happened for so long. */
  readonly heartbeatMicros: number;
  /** Least time of round 0, which the measured pace lengthens; the core's own when absent. */
  readonly baseTimeoutMicros?: number;
  /** How long the first transaction after a pause waits for others; none when absent. */
  readonly gatherMicros?: number;
}

/** Where a proposal belongs. */
export interface BuildPlan {
  readonly height: number;
  readonly round: number;
}

interface Options {
  readonly environment: Environment;
  readonly ledger: Ledger;
  readonly built: (plan: BuildPlan, proposal: Proposal) => void;
  readonly fail: (error: unknown) => void;
}

/** Builds proposals when it is time: at most one for each block interval, and without work only at the heartbeat. */
export class ConsensusBuild {
  readonly #timing: ConsensusTiming;
  readonly #options: Options;
  #plan: BuildPlan | undefined;
  #timer: Timer | undefined;
  #height = 0;
  #lastBlockAtMicros = 0;
  /** When the present height had its first proposal, as far as this node saw. */
  #proposedAtMicros: number | undefined;
  /** Since when transactions wait; undefined while none does. */
  #workSinceMicros: number | undefined;

  constructor(timing: ConsensusTiming, options: Options) {
    this.#timing = timing;
    this.#options = options;
  }

  /** A height begins, and what was planned for another is dropped. */
  begin(height: number): void {
    const follows = height === this.#height + 1;
    this.#height = height;
    // What agreeing on a block took is part of the interval, or it would come on top of it at every block.
    this.#lastBlockAtMicros = (follows ? this.#proposedAtMicros : undefined) ?? this.#options.environment.clock.now();
    this.#proposedAtMicros = undefined;
    this.drop();
  }

  /** The present height has a proposal. */
  noteProposed(): void {
    this.#proposedAtMicros ??= this.#options.environment.clock.now();
  }

  /** A round above 0 begins: its proposal must not wait for the interval of a block that never came. */
  beginRound(round: number): void {
    if (this.#plan !== undefined && this.#plan.round !== round) this.drop();
    if (round === 0) return;
    const { clock } = this.#options.environment;
    this.#lastBlockAtMicros = Math.min(this.#lastBlockAtMicros, clock.now() - this.#timing.blockIntervalMicros);
  }

  plan(plan: BuildPlan): void {
    this.#plan = plan;
    this.reconsider();
  }

  /** Sets the time of the proposal that is planned: the block interval, and then a transaction or the heartbeat, whichever is first. */
  reconsider(): void {
    const { environment, ledger, fail } = this.#options;
    const now = environment.clock.now();
    this.#workSinceMicros = ledger.pendingCount() === 0 ? undefined : (this.#workSinceMicros ?? now);
    const plan = this.#plan;
    if (plan === undefined) return;
    const dueMicros = this.#due(plan);
    if (this.#timer !== undefined) environment.clock.cancel(this.#timer);
    this.#timer = environment.clock.set(
      Math.max(0, dueMicros - now),
      () => {
        this.#plan = undefined;
        this.#propose(plan).catch(fail);
      },
      'propose a block',
    );
  }

  #due({ round }: BuildPlan): number {
    const { blockIntervalMicros, heartbeatMicros, gatherMicros = 0 } = this.#timing;
    const since = this.#workSinceMicros;
    if (since === undefined && round === 0) return this.#lastBlockAtMicros + heartbeatMicros;
    const afterBlock = this.#lastBlockAtMicros + blockIntervalMicros;
    return since === undefined || round > 0 ? afterBlock : Math.max(afterBlock, since + gatherMicros);
  }

  drop(): void {
    this.#plan = undefined;
    if (this.#timer !== undefined) this.#options.environment.clock.cancel(this.#timer);
  }

  async #propose(plan: BuildPlan): Promise<void> {
    const { environment, ledger, built } = this.#options;
    if (plan.height !== this.#height) return;
    const timestampMs = Math.floor(environment.clock.now() / 1000);
    this.noteProposed();
    try {
      built(plan, await ledger.propose({ proposer: environment.node, timestampMs }));
    } catch (error) {
      // State that the disk has lost is on its way from peers: this round's time runs out, and another proposes.
      if (!hasCode(error, 'LEDGER_DAMAGED')) throw error;
      environment.log.warn('consensus.not-proposed', { height: plan.height, round: plan.round, reason: error.detail });
    }
  }
}
