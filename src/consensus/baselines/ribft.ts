import { type Address, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import { BASELINE_NESTED_MAX, BASELINE_TIMEOUT_DOUBLINGS_MAX } from '../../limits.ts';
import type { ConsensusStatus } from '../core.ts';
import { quorumOf } from '../pbft/quorum.ts';
import { Agreement } from './agreement.ts';
import type { BaselineEffect, BaselineEngine, BaselineEvent, BaselineOptions } from './baseline-core.ts';
import { splitIntoGroups } from './groups.ts';
import { baseline, type SignedBaseline, verifyBaseline } from './message.ts';

export interface RibftOptions extends BaselineOptions {
  /** Slave chains, one per domain. */
  readonly groups: number;
  /** Domains need one another's bodies: a leader takes its body to the master chain, whose seats hand it on to their domains. */
  readonly shared?: boolean;
}

/** Reputation: r <- clip(r + 0.1 for a success - 0.3 for a failure), from 0.5; below 0.2 a node does not lead. In tenths: exact. */
const REPUTATION = { start: 5, success: 1, failure: 3, most: 10, leads: 2 };

/**
 * RIBFT (Guo et al., "Master-slave chain based trusted cross-domain authentication mechanism in IoT", JNCA 2020), a
 * reconstruction: its message format, formula and thresholds are not public. Each slave chain lets the member of highest
 * reputation propose; members vote to it, it confirms (3(g-1) messages) and takes digest and votes to the master chain, where the
 * leaders run PBFT. A body stays within its domain: other domains see the digest only; `shared` is the other reading.
 */
export function createRibft(options: RibftOptions): BaselineEngine {
  return new Ribft(options);
}

interface Confirmed {
  readonly message: SignedBaseline;
  readonly proposal: Uint8Array;
}

class Ribft implements BaselineEngine {
  private readonly options: RibftOptions;
  private readonly effects: BaselineEffect[] = [];
  private sealers: readonly Address[] = [];
  private groups: readonly (readonly Address[])[] = [];
  private readonly reputation = new Map<Address, number>();
  private height = 0;
  private round = 0;
  private proposed: SignedBaseline | undefined;
  private readonly votes = new Map<Address, SignedBaseline>();
  private readonly complaints = new Map<number, Map<Address, SignedBaseline>>();
  private confirmed: Confirmed | undefined;
  private announced = false;
  private master: Agreement | undefined;
  private readonly filed = new Map<number, SignedBaseline>();
  /** Shared bodies of the other domains, by their scope. */
  private readonly delivered = new Map<number, Uint8Array>();
  private viewChanges = 0;
  /** This leader has confirmed. */
  private confirming = false;
  /** This leader has proposed in this round. */
  private proposing = false;
  private early: SignedBaseline | undefined;
  /** Messages of rounds that this node has not reached. */
  private ahead: SignedBaseline[] = [];

  constructor(options: RibftOptions) {
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
    const { height, round, sealers, viewChanges } = this;
    const phase = this.announced ? 'committed' : 'waiting-for-proposal';
    return { height, round, phase, proposer: this.leader, sealers, viewChanges };
  }

  private get own(): number {
    return this.groups.findIndex((group) => group.includes(this.options.self));
  }

  private get members(): readonly Address[] {
    return this.groups[this.own] as readonly Address[];
  }

  /** The member of highest reputation, in the round's order: failures of this height are counted before its end. */
  private get leader(): Address {
    return this.ranking(this.own)[this.round % this.members.length] as Address;
  }

  private ranking(group: number): readonly Address[] {
    const of = (member: Address): number => this.reputation.get(member) ?? REPUTATION.start;
    const members = this.groups[group] as readonly Address[];
    const able = members.filter((member) => of(member) >= REPUTATION.leads);
    const rest = members.filter((member) => of(member) < REPUTATION.leads);
    return [...able.toSorted((left, right) => of(right) - of(left)), ...rest];
  }

  private start({ height, sealers }: BaselineEvent & { type: 'start' }): void {
    this.height = height;
    this.sealers = sealers;
    this.groups = splitIntoGroups(sealers, this.options.groups);
    this.confirmed = undefined;
    this.announced = false;
    this.ahead = [];
    this.enter(0);
    this.complaints.clear();
    this.filed.clear();
    this.delivered.clear();
    const { domain, self, baseTimeoutMicros } = this.options;
    // The first of each domain sits on the master chain for it, whoever leads the domain.
    const { seats } = this;
    this.master = seats.includes(self)
      ? new Agreement({ domain, self, members: seats, scope: 0, height, round: 0, baseTimeoutMicros }, this.effects)
      : undefined;
    if (this.leader === self) this.effects.push({ type: 'build', height, round: 0 });
  }

  private handle(event: BaselineEvent): void {
    switch (event.type) {
      case 'message':
      case 'sent':
        if (event.message.height === this.height) this.receive(event.message);
        break;
      case 'built':
        if (event.height === this.height && event.round === this.round) this.propose(event.digest, event.proposal);
        break;
      case 'timeout':
        if (event.height === this.height && event.round === this.round && this.confirmed === undefined) this.complain();
        break;
      case 'work':
        if (event.height === this.height) this.startTimer();
        break;
    }
    this.proceed();
  }

  private propose(digest: Hex, proposal: Uint8Array): void {
    if (this.leader !== this.options.self || this.proposed !== undefined || this.proposing) return;
    this.proposing = true;
    this.send('propose', this.members, { digest, proposal });
  }

  private receive(message: SignedBaseline): void {
    if (message.kind === 'block') return this.onFiled(message);
    if (message.scope === 0) return this.master?.receive(message);
    if (message.scope !== this.own + 1 || !this.members.includes(message.signer)) return;
    if (message.kind === 'view-change') return this.onComplaint(message);
    if (message.round > this.round && this.ahead.length < BASELINE_NESTED_MAX) this.ahead.push(message);
    if (message.round !== this.round) return;
    if (message.kind === 'propose') this.onPropose(message);
    else if (message.kind === 'vote') this.onVote(message);
    else if (message.kind === 'confirm') this.onConfirm(message);
  }

  private onPropose(message: SignedBaseline): void {
    if (message.signer !== this.leader || this.proposed !== undefined || message.proposal === undefined) return;
    this.proposed = message;
    this.send('vote', [this.leader], { digest: message.digest });
    this.confirmWhenVoted();
    if (this.early !== undefined) this.onConfirm(this.early);
  }

  private onVote(message: SignedBaseline): void {
    if (this.leader !== this.options.self || this.votes.has(message.signer)) return;
    this.votes.set(message.signer, message);
    this.confirmWhenVoted();
  }

  /** The leader shows the votes of a quorum, once. */
  private confirmWhenVoted(): void {
    const { proposed } = this;
    if (proposed === undefined || this.leader !== this.options.self || this.confirming) return;
    const votes = [...this.votes.values()].filter(({ digest }) => digest === proposed.digest);
    if (votes.length < quorumOf(this.members.length)) return;
    this.confirming = true;
    this.send('confirm', this.members, { digest: proposed.digest, nested: votes });
  }

  private onConfirm(message: SignedBaseline): void {
    const { proposed } = this;
    if (message.signer !== this.leader || this.confirmed !== undefined) return;
    // The confirmation may overtake what it confirms.
    if (proposed === undefined) this.early = message;
    if (proposed?.proposal === undefined || proposed.digest !== message.digest || !this.isVoted(message)) return;
    this.confirmed = { message, proposal: proposed.proposal };
    this.reward(message);
    if (this.leader !== this.options.self) return;
    const filing = { digest: message.digest, nested: message.nested };
    const { proposal } = this.confirmed;
    if (this.options.shared !== true) return this.send('block', this.seats, filing);
    // The own domain has the body.
    const own = this.members[0] as Address;
    this.send('block', [own], filing);
    this.send(
      'block',
      this.seats.filter((seat) => seat !== own),
      { ...filing, proposal },
    );
  }

  private get seats(): readonly Address[] {
    return this.groups.map((group) => group[0] as Address);
  }

  private isVoted(message: SignedBaseline): boolean {
    const members = this.groups[message.scope - 1] ?? [];
    const voters = new Set<Address>();
    for (const vote of message.nested) {
      const fits =
        vote.kind === 'vote' && vote.scope === message.scope && vote.height === message.height && vote.digest === message.digest;
      if (fits && members.includes(vote.signer) && verifyBaseline(this.options.domain, vote)) voters.add(vote.signer);
    }
    return voters.size >= quorumOf(members.length);
  }

  /** Everybody saw the same confirmation, so everybody computes the same reputations. */
  private reward(message: SignedBaseline): void {
    const ranking = this.ranking(this.own);
    for (let failed = 0; failed < Math.min(this.round, ranking.length); failed++)
      this.change(ranking[failed] as Address, -REPUTATION.failure);
    for (const member of new Set([message.signer, ...message.nested.map(({ signer }) => signer)]))
      this.change(member, REPUTATION.success);
  }

  private change(member: Address, by: number): void {
    const value = (this.reputation.get(member) ?? REPUTATION.start) + by;
    this.reputation.set(member, Math.max(0, Math.min(REPUTATION.most, value)));
  }

  /** A domain's leader files its digest; the seats agree on the list once every domain, or the time, is there. */
  private onFiled(message: SignedBaseline): void {
    if (!this.isVoted(message)) return;
    if (message.proposal !== undefined && message.scope !== this.own + 1) this.delivered.set(message.scope, message.proposal);
    if (message.scope !== this.own + 1) this.keepUp(message);
    if (this.master === undefined) return;
    this.filed.set(message.scope, message);
    if (this.filed.size < this.groups.length || !this.master.mayPropose) return;
    const list = [...this.filed].toSorted(([left], [right]) => left - right).map(([, each]) => each.digest);
    const proposal = new TextEncoder().encode(list.join());
    this.master.propose(toHex(keccak256(proposal)), proposal);
  }

  /** Another domain has work at this height: this one takes part, with nothing if nothing waits. */
  private keepUp(filed: SignedBaseline): void {
    if (this.proposed !== undefined || this.proposing || this.confirmed !== undefined) return;
    const { height, round, leader } = this;
    if (leader === this.options.self) this.effects.push({ type: 'build', height, round, evenEmpty: true });
    else if (this.master !== undefined) {
      const { digest, nested, scope } = filed;
      this.effects.push({
        type: 'send',
        to: [leader],
        message: baseline({ kind: 'block', scope, height, round, digest, nested }),
      });
    }
  }

  private proceed(): void {
    const { confirmed, master } = this;
    if (confirmed === undefined || this.announced) return;
    // A seat of the master chain ends the height when the master chain has it, everybody else with the domain's confirmation.
    if (master !== undefined && master.agreed === undefined) return;
    if (this.options.shared === true) {
      if (this.delivered.size < this.groups.length - 1) return;
      if (master !== undefined) this.handOn();
    }
    this.announced = true;
    const { message, proposal } = confirmed;
    const { height, round } = this;
    for (const [, shared] of [...this.delivered].toSorted(([left], [right]) => left - right))
      this.effects.push({ type: 'hold', height, proposal: shared });
    this.effects.push({ type: 'commit', height, round, digest: message.digest, proposal, proposer: message.signer });
  }

  /** A seat gives its domain what the master chain agreed on, once. */
  private handOn(): void {
    const others = this.members.filter((member) => member !== this.options.self);
    for (const [scope, proposal] of this.delivered) {
      const filed = this.filed.get(scope);
      if (filed === undefined) continue;
      const { height, round } = this;
      const fields = { digest: filed.digest, nested: filed.nested, proposal };
      this.effects.push({ type: 'send', to: others, message: baseline({ kind: 'block', scope, height, round, ...fields }) });
    }
  }

  private startTimer(): void {
    const delayMicros = this.options.baseTimeoutMicros * 2 ** Math.min(this.round, BASELINE_TIMEOUT_DOUBLINGS_MAX);
    this.effects.push({ type: 'timer', height: this.height, round: this.round, delayMicros });
  }

  private complain(): void {
    this.effects.push({
      type: 'send',
      to: this.members,
      message: baseline({ kind: 'view-change', scope: this.own + 1, height: this.height, round: this.round + 1 }),
    });
    this.startTimer();
  }

  private onComplaint(message: SignedBaseline): void {
    if (message.round !== this.round + 1 || this.confirmed !== undefined) return;
    const heard = this.complaints.get(message.round) ?? new Map<Address, SignedBaseline>();
    this.complaints.set(message.round, heard.set(message.signer, message));
    if (heard.size < quorumOf(this.members.length)) return;
    this.enter(message.round);
    this.viewChanges += 1;
    this.effects.push({
      type: 'round',
      height: this.height,
      round: this.round,
      reason: 'the leader failed: its reputation falls',
    });
    this.startTimer();
    if (this.leader === this.options.self) this.effects.push({ type: 'build', height: this.height, round: this.round });
    for (const kept of this.ahead.splice(0)) this.receive(kept);
  }

  private enter(round: number): void {
    this.round = round;
    this.proposed = undefined;
    this.early = undefined;
    this.confirming = false;
    this.proposing = false;
    this.votes.clear();
  }

  private send(kind: SignedBaseline['kind'], to: readonly Address[], fields: Partial<SignedBaseline>): void {
    const { height, round } = this;
    this.effects.push({ type: 'send', to, message: baseline({ kind, scope: this.own + 1, height, round, ...fields }) });
  }
}
