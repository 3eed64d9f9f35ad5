import type { Address } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';
import { BASELINE_TIMEOUT_DOUBLINGS_MAX } from '../../limits.ts';
import type { ConsensusStatus } from '../core.ts';
import { faultsOf, quorumOf } from '../pbft/quorum.ts';
import { type Agreed, Agreement } from './agreement.ts';
import type { BaselineEffect, BaselineEngine, BaselineEvent, BaselineOptions } from './baseline-core.ts';
import { splitIntoGroups } from './groups.ts';
import { baseline, type SignedBaseline, verifyBaseline } from './message.ts';

export interface DbftOptions extends BaselineOptions {
  readonly groups: number;
}

/**
 * Double-layer PBFT (Li et al., "A Scalable Multi-Layer PBFT Consensus for Blockchain", TPDS 2021), restated from its abstract
 * and a public white paper that describes it. Layer 1: the leaders of the groups, one of them the prime. Layer 2: each group
 * under its leader, who shows layer 1's commit certificate. The prime ends a height when more than half of the groups replied.
 */
export function createDbft(options: DbftOptions): BaselineEngine {
  return new Dbft(options);
}

class Dbft implements BaselineEngine {
  private readonly options: DbftOptions;
  private readonly effects: BaselineEffect[] = [];
  private sealers: readonly Address[] = [];
  private groups: readonly (readonly Address[])[] = [];
  /** View of each group: its leader is `group[view mod size]`. Kept over heights. */
  private views: number[] = [];
  private height = 0;
  private upper: Agreement | undefined;
  private lower: Agreement | undefined;
  private certified: Agreed | undefined;
  private announced = false;
  private asked = new Set<number>();
  private viewChanges = 0;
  private readonly complaints = new Map<string, Map<Address, SignedBaseline>>();
  private readonly replies = new Map<number, Set<Address>>();
  /** Heights that the prime knows more than half of the groups to have finished. */
  private readonly answered = new Set<number>();

  constructor(options: DbftOptions) {
    this.options = options;
  }

  step(event: BaselineEvent): readonly BaselineEffect[] {
    if (event.type === 'start') this.start(event);
    else if (this.height > 0) this.handle(event);
    const effects = [...this.effects];
    this.effects.length = 0;
    return effects;
  }

  status(): ConsensusStatus {
    const { height, sealers, viewChanges } = this;
    const phase = this.announced ? 'committed' : 'waiting-for-proposal';
    return { height, round: this.viewSum, phase, proposer: this.upper?.leader, sealers, viewChanges };
  }

  private get own(): number {
    return this.groups.findIndex((group) => group.includes(this.options.self));
  }

  private get viewSum(): number {
    return this.views.reduce((sum, view) => sum + view, 0);
  }

  private leaderOf(group: number): Address {
    const members = this.groups[group] as readonly Address[];
    return members[(this.views[group] as number) % members.length] as Address;
  }

  private get leaders(): readonly Address[] {
    return this.groups.map((_, group) => this.leaderOf(group));
  }

  private start({ height, sealers }: BaselineEvent & { type: 'start' }): void {
    if (this.sealers.join() !== sealers.join()) {
      this.sealers = sealers;
      this.groups = splitIntoGroups(sealers, this.options.groups);
      this.views = this.groups.map(() => 0);
    }
    this.height = height;
    this.announced = false;
    this.certified = undefined;
    this.complaints.clear();
    this.replies.clear();
    this.restart();
  }

  /** Begins both layers of the height under the leaders of now. */
  private restart(): void {
    const { domain, self, baseTimeoutMicros } = this.options;
    const common = { domain, self, height: this.height, baseTimeoutMicros };
    const leads = this.leaderOf(this.own) === self;
    this.asked = new Set();
    this.upper = leads
      ? new Agreement({ ...common, members: this.leaders, scope: 0, round: this.viewSum }, this.effects)
      : undefined;
    const members = this.groups[this.own] as readonly Address[];
    this.lower = new Agreement(
      {
        ...common,
        members,
        scope: this.own + 1,
        round: this.views[this.own] as number,
        accepts: (message) => this.isCertified(message),
      },
      this.effects,
    );
    this.proceed();
  }

  private handle(event: BaselineEvent): void {
    switch (event.type) {
      case 'message':
      case 'sent':
        this.receive(event.message);
        break;
      case 'built':
        if (event.height === this.height) this.upper?.propose(event.digest, event.proposal);
        break;
      case 'timeout':
        if (event.height === this.height && event.round === this.viewSum) this.complain();
        break;
      case 'work':
        if (event.height === this.height) this.startTimer();
        break;
    }
    this.proceed();
  }

  private receive(message: SignedBaseline): void {
    if (message.kind === 'reply') return this.onReply(message);
    if (message.height !== this.height) return;
    if (message.kind === 'confirm') return this.onNewLeader(message);
    if (message.kind === 'view-change') return this.onComplaint(message);
    if (message.scope === 0) this.upper?.receive(message);
    else if (message.scope === this.own + 1) this.lower?.receive(message);
  }

  /** Takes every step that has become possible. */
  private proceed(): void {
    const { upper, lower } = this;
    if (lower === undefined) return;
    if (upper !== undefined && this.certified === undefined) {
      if (upper.agreed !== undefined) this.certified = upper.agreed;
      else if (upper.mayPropose && !this.asked.has(upper.round)) {
        this.asked.add(upper.round);
        this.effects.push({ type: 'build', height: this.height, round: upper.round });
      }
    }
    // The group's leader pauses layer 1 here and hands the certified proposal down.
    if (this.certified !== undefined && this.leaderOf(this.own) === this.options.self && lower.mayPropose) {
      lower.propose(this.certified.digest, this.certified.proposal, this.certified.certificate);
    }
    if (lower.agreed !== undefined && !this.announced) this.announce(lower.agreed);
  }

  private announce({ digest, proposal, proposer }: Agreed): void {
    this.announced = true;
    const { height } = this;
    const leader = this.leaderOf(this.own);
    this.send('reply', { scope: this.own + 1, digest }, [leader]);
    this.effects.push({ type: 'commit', height, round: this.viewSum, digest, proposal, proposer });
  }

  /** A leader hears its group (scope above 0), the prime hears the leaders. */
  private onReply(message: SignedBaseline): void {
    const { self } = this.options;
    const key = message.scope * 2 ** 32 + message.height;
    const heard = this.replies.get(key) ?? new Set<Address>();
    this.replies.set(key, heard.add(message.signer));
    if (message.scope > 0) {
      const members = this.groups[message.scope - 1] ?? [];
      const enough = heard.size === faultsOf(members.length) + 1;
      if (enough && this.leaderOf(this.own) === self) {
        this.send('reply', { digest: message.digest, height: message.height }, [
          this.leaders[this.viewSum % this.leaders.length] as Address,
        ]);
      }
    } else if (heard.size > this.groups.length / 2) {
      this.answered.add(message.height);
    }
  }

  /** Layer 1's certificate must stand behind what a leader hands to its group. */
  private isCertified(message: SignedBaseline): boolean {
    const { domain } = this.options;
    const signers = new Set<Address>();
    for (const vote of message.nested) {
      const fits = vote.kind === 'commit' && vote.scope === 0 && vote.height === message.height && vote.digest === message.digest;
      if (fits && this.groups.some((group) => group.includes(vote.signer)) && verifyBaseline(domain, vote))
        signers.add(vote.signer);
    }
    return signers.size >= quorumOf(this.groups.length);
  }

  // --- a group replaces its leader -------------------------------------------------------------

  private startTimer(): void {
    const { baseTimeoutMicros } = this.options;
    const doublings = Math.min(this.viewSum, BASELINE_TIMEOUT_DOUBLINGS_MAX);
    this.effects.push({
      type: 'timer',
      height: this.height,
      round: this.viewSum,
      delayMicros: baseTimeoutMicros * 2 ** doublings,
    });
  }

  private complain(): void {
    if (this.announced) return;
    const members = this.groups[this.own] as readonly Address[];
    this.send('view-change', { scope: this.own + 1, round: (this.views[this.own] as number) + 1 }, members);
    this.startTimer();
  }

  private onComplaint(message: SignedBaseline): void {
    const members = this.groups[this.own] as readonly Address[];
    const next = (this.views[this.own] as number) + 1;
    if (message.scope !== this.own + 1 || message.round !== next || !members.includes(message.signer)) return;
    const key = `${message.scope} ${message.round}`;
    const heard = this.complaints.get(key) ?? new Map<Address, SignedBaseline>();
    this.complaints.set(key, heard.set(message.signer, message));
    const newLeader = members[next % members.length];
    if (heard.size < quorumOf(members.length) || newLeader !== this.options.self) return;
    this.send('confirm', { scope: this.own + 1, round: next, nested: [...heard.values()] }, this.sealers);
  }

  /** A group's new leader shows that a quorum of the group wants it; both layers begin anew, with what was certified before. */
  private onNewLeader(message: SignedBaseline): void {
    const group = message.scope - 1;
    const members = this.groups[group];
    if (members === undefined || message.round !== (this.views[group] as number) + 1) return;
    const wanted = new Set(message.nested.filter((each) => this.isComplaint(each, message)).map(({ signer }) => signer));
    if (wanted.size < quorumOf(members.length) || members[message.round % members.length] !== message.signer) return;
    this.views[group] = message.round;
    this.viewChanges += 1;
    this.effects.push({
      type: 'round',
      height: this.height,
      round: this.viewSum,
      reason: `group ${message.scope} replaced its leader`,
    });
    if (!this.announced) this.restart();
    this.startTimer();
  }

  private isComplaint(each: SignedBaseline, claim: SignedBaseline): boolean {
    const members = this.groups[claim.scope - 1] as readonly Address[];
    const fits =
      each.kind === 'view-change' && each.scope === claim.scope && each.round === claim.round && each.height === claim.height;
    return fits && members.includes(each.signer) && verifyBaseline(this.options.domain, each);
  }

  private send(kind: SignedBaseline['kind'], fields: Partial<SignedBaseline>, to: readonly Address[]): void {
    invariant(this.height > 0, 'messages belong to a height');
    this.effects.push({ type: 'send', to, message: baseline({ kind, height: this.height, round: 0, ...fields }) });
  }
}
