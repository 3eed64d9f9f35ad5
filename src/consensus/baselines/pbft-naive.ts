import type { Address } from '../../crypto/index.ts';
import type { ConsensusStatus } from '../core.ts';
import { Agreement } from './agreement.ts';
import type { BaselineEffect, BaselineEngine, BaselineEvent, BaselineOptions } from './baseline-core.ts';

/**
 * PBFT as the comparisons of the oracle paper have it: one leader sends every body to everyone, inside its pre-prepare (a
 * star), and stays leader until a view change. The bodies travel again in the view changes of those who prepared them.
 */
export function createPbftNaive(options: BaselineOptions): BaselineEngine {
  return new PbftNaive(options);
}

class PbftNaive implements BaselineEngine {
  private readonly options: BaselineOptions;
  private sealers: readonly Address[] = [];
  private height = 0;
  /** Views are kept over heights: the leader stays. */
  private view = 0;
  private viewChanges = 0;
  private effects: BaselineEffect[] = [];
  private agreement: Agreement | undefined;
  private announced = false;
  /** Views of this height in which this node was asked to lead. */
  private readonly asked = new Set<number>();

  constructor(options: BaselineOptions) {
    this.options = options;
  }

  step(event: BaselineEvent): readonly BaselineEffect[] {
    this.handle(event);
    const effects = [...this.effects];
    this.effects.length = 0;
    return effects;
  }

  status(): ConsensusStatus {
    const { height, sealers, viewChanges } = this;
    const round = this.agreement?.round ?? 0;
    const phase = this.announced ? 'committed' : 'waiting-for-proposal';
    return { height, round, phase, proposer: this.agreement?.leader, sealers, viewChanges };
  }

  private handle(event: BaselineEvent): void {
    if (event.type === 'start') return this.start(event);
    const { agreement } = this;
    if (agreement === undefined) return;
    const before = agreement.round;
    if (event.type === 'message' || event.type === 'sent') {
      if (event.message.height === this.height && event.message.scope === 0) agreement.receive(event.message);
    } else if (event.type === 'built') {
      if (event.height === this.height) agreement.propose(event.digest, event.proposal);
    } else if (event.type === 'timeout') {
      if (event.height === this.height) agreement.timeout(event.round);
    } else if (event.type === 'work' && event.height === this.height) {
      agreement.startTimer();
    }
    if (agreement.round !== before) this.viewChanges += 1;
    this.proposeWhenDue(agreement);
    this.announce(agreement);
  }

  private start({ height, sealers }: BaselineEvent & { type: 'start' }): void {
    this.height = height;
    this.sealers = sealers;
    this.announced = false;
    const { domain, self, baseTimeoutMicros } = this.options;
    this.agreement = new Agreement(
      { domain, self, members: sealers, scope: 0, height, round: this.view, baseTimeoutMicros },
      this.effects,
    );
    if (this.agreement.leader === self) this.effects.push({ type: 'build', height, round: this.view });
  }

  /** In a later view the leader proposes what was prepared before, or builds anew. */
  private proposeWhenDue(agreement: Agreement): void {
    if (agreement.round === this.view || !agreement.mayPropose || this.asked.has(agreement.round)) return;
    this.asked.add(agreement.round);
    const repeated = agreement.mustRepeat;
    if (repeated?.proposal !== undefined) agreement.propose(repeated.digest, repeated.proposal);
    else this.effects.push({ type: 'build', height: this.height, round: agreement.round });
  }

  private announce({ agreed }: Agreement): void {
    if (agreed === undefined || this.announced) return;
    this.announced = true;
    this.view = agreed.round;
    this.asked.clear();
    const { round, digest, proposal, proposer } = agreed;
    this.effects.push({ type: 'commit', height: this.height, round, digest, proposal, proposer });
  }
}
