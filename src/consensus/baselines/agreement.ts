import type { Address, Hex } from '../../crypto/index.ts';
import { BASELINE_ROUNDS_AHEAD_MAX, BASELINE_TIMEOUT_DOUBLINGS_MAX } from '../../limits.ts';
import { quorumOf } from '../pbft/quorum.ts';
import type { BaselineEffect } from './baseline-core.ts';
import { baseline, type SignedBaseline, stripped, verifyBaseline } from './message.ts';

export interface AgreementOptions {
  readonly domain: Uint8Array;
  readonly self: Address;
  /** Who agrees; the leader of view v is `members[v mod n]`. */
  readonly members: readonly Address[];
  readonly scope: number;
  readonly height: number;
  /** View at the start. */
  readonly round: number;
  readonly baseTimeoutMicros: number;
  /** May a proposal with this message be voted for? (Certificates of a layer above are checked here.) */
  readonly accepts?: (message: SignedBaseline) => boolean;
}

export interface Agreed {
  readonly digest: Hex;
  readonly proposal: Uint8Array;
  readonly round: number;
  readonly proposer: Address;
  /** Commit messages of a quorum. */
  readonly certificate: readonly SignedBaseline[];
}

/**
 * PBFT's three phases for one height among one set of members, as the 1999 paper counts them: the leader's pre-prepare is
 * its prepare, backups prepare, all commit: 2n(n-1) messages. What is agreed on travels inside pre-prepares and view changes.
 * DBFT runs it in both layers, RIBFT on its master chain.
 */
export class Agreement {
  round: number;
  agreed: Agreed | undefined;
  private readonly options: AgreementOptions;
  private readonly effects: BaselineEffect[];
  private readonly quorum: number;
  private readonly proposals = new Map<number, SignedBaseline>();
  /** By round and kind: the first vote of each member. */
  private readonly votes = new Map<string, Map<Address, SignedBaseline>>();
  private readonly viewChanges = new Map<number, Map<Address, SignedBaseline>>();
  private readonly done = new Set<string>();
  private prepared:
    | { readonly round: number; readonly message: SignedBaseline; readonly votes: readonly SignedBaseline[] }
    | undefined;

  /** @param effects - where the effects of each call are added */
  constructor(options: AgreementOptions, effects: BaselineEffect[]) {
    this.options = options;
    this.effects = effects;
    this.round = options.round;
    this.quorum = quorumOf(options.members.length);
  }

  get leader(): Address {
    return this.leaderOf(this.round);
  }

  /** True while this node leads the current view and has not proposed in it: a first view needs no reason, a later one a quorum's. */
  get mayPropose(): boolean {
    if (this.leader !== this.options.self || this.agreed !== undefined || this.done.has(`pre-prepare ${this.round}`))
      return false;
    return this.round === this.options.round || this.viewChangesFor(this.round).length >= this.quorum;
  }

  /** The proposal that a quorum may have committed and that must be proposed again in this view. */
  get mustRepeat(): SignedBaseline | undefined {
    if (this.round === this.options.round) return undefined;
    return highestPrepared(this.viewChangesFor(this.round));
  }

  /** Proposes, as the leader. `nested` is what a layer above adds (its certificate). */
  propose(digest: Hex, proposal: Uint8Array, nested: readonly SignedBaseline[] = []): void {
    if (!this.mayPropose) return;
    const reasons = this.round === this.options.round ? [] : this.viewChangesFor(this.round).map(withoutProposal);
    this.send('pre-prepare', { digest, proposal, nested: [...nested, ...reasons] });
  }

  /** A message of this scope and height from `message.signer`, its signature checked. */
  receive(message: SignedBaseline): void {
    const { members, round: first } = this.options;
    const near = message.round >= first && message.round <= this.round + BASELINE_ROUNDS_AHEAD_MAX;
    if (!members.includes(message.signer) || !near) return;
    switch (message.kind) {
      case 'pre-prepare':
        this.onPrePrepare(message);
        break;
      case 'prepare':
      case 'commit':
        this.count(message);
        break;
      case 'view-change':
        this.onViewChange(message);
        break;
      default:
        return;
    }
    this.conclude();
  }

  /** The time of a view is over. */
  timeout(round: number): void {
    if (round === this.round && this.agreed === undefined) this.askFor(round + 1);
  }

  startTimer(): void {
    const { height, baseTimeoutMicros, round: first } = this.options;
    const doublings = Math.min(this.round - first, BASELINE_TIMEOUT_DOUBLINGS_MAX);
    this.effects.push({ type: 'timer', height, round: this.round, delayMicros: baseTimeoutMicros * 2 ** doublings });
  }

  private leaderOf(round: number): Address {
    const { members } = this.options;
    return members[round % members.length] as Address;
  }

  private onPrePrepare(message: SignedBaseline): void {
    const { self, accepts } = this.options;
    if (message.signer !== this.leaderOf(message.round) || message.proposal === undefined) return;
    if (message.round < this.round || this.proposals.has(message.round)) return;
    if (!this.isJustified(message) || accepts?.(message) === false) return;
    this.round = message.round;
    this.proposals.set(message.round, message);
    this.count(message);
    if (message.signer !== self) this.send('prepare', { digest: message.digest });
  }

  /** Above the first view a quorum must have asked for it, and what the highest of them prepared must be proposed again. */
  private isJustified(message: SignedBaseline): boolean {
    if (message.round === this.options.round) return true;
    const asked = distinct(message.nested.filter(({ kind, round }) => kind === 'view-change' && round === message.round));
    if (asked.length < this.quorum || !asked.every((each) => this.isGenuine(each))) return false;
    const highest = highestPrepared(asked);
    return highest === undefined || highest.digest === message.digest;
  }

  private isGenuine(message: SignedBaseline): boolean {
    const { members, domain, height, scope } = this.options;
    const fits = members.includes(message.signer) && message.height === height && message.scope === scope;
    if (!fits || !verifyBaseline(domain, message)) return false;
    if (message.kind !== 'view-change' || message.preparedRound < 0) return true;
    const votes = distinct(message.nested.filter((vote) => isVoteFor(vote, message)));
    return votes.length >= this.quorum && votes.every((vote) => this.isGenuine(vote));
  }

  private count(message: SignedBaseline): void {
    const votes = this.votesOf(message.kind === 'commit' ? 'commit' : 'prepare', message.round);
    if (!votes.has(message.signer)) votes.set(message.signer, stripped(message));
  }

  private onViewChange(message: SignedBaseline): void {
    if (message.round <= this.options.round || !this.isGenuine(message)) return;
    const asked = this.viewChanges.get(message.round) ?? new Map<Address, SignedBaseline>();
    this.viewChanges.set(message.round, asked);
    if (!asked.has(message.signer)) asked.set(message.signer, message);
    // More than can lie ask for a higher view: this node joins them.
    const faults = this.options.members.length - this.quorum;
    if (message.round > this.round && asked.size > faults) this.askFor(message.round);
  }

  private askFor(round: number): void {
    this.round = round;
    const { prepared } = this;
    this.effects.push({ type: 'round', height: this.options.height, round, reason: 'view change' });
    this.send('view-change', {
      ...(prepared !== undefined && {
        digest: prepared.message.digest,
        preparedRound: prepared.round,
        nested: prepared.votes,
        ...(prepared.message.proposal !== undefined && { proposal: prepared.message.proposal }),
      }),
    });
    this.startTimer();
  }

  /** Votes, and decides, on what has come together. */
  private conclude(): void {
    for (const [round, proposed] of this.proposals) {
      const prepares = matching(this.votesOf('prepare', round), proposed.digest);
      if (prepares.length >= this.quorum && round === this.round) {
        if ((this.prepared?.round ?? -1) < round) this.prepared = { round, message: proposed, votes: prepares };
        this.send('commit', { digest: proposed.digest });
      }
      const commits = matching(this.votesOf('commit', round), proposed.digest);
      if (commits.length >= this.quorum && this.agreed === undefined && proposed.proposal !== undefined) {
        const { digest, proposal, signer: proposer } = proposed;
        this.agreed = { digest, proposal, round, proposer, certificate: commits };
      }
    }
  }

  private send(kind: SignedBaseline['kind'], fields: Partial<SignedBaseline>): void {
    const { scope, height, members } = this.options;
    const key = `${kind} ${this.round}`;
    if (this.done.has(key)) return;
    this.done.add(key);
    this.effects.push({ type: 'send', to: members, message: baseline({ kind, scope, height, round: this.round, ...fields }) });
  }

  private votesOf(kind: 'prepare' | 'commit', round: number): Map<Address, SignedBaseline> {
    const key = `${kind} ${round}`;
    const votes = this.votes.get(key) ?? new Map<Address, SignedBaseline>();
    this.votes.set(key, votes);
    return votes;
  }

  private viewChangesFor(round: number): readonly SignedBaseline[] {
    return [...(this.viewChanges.get(round)?.values() ?? [])];
  }
}

function matching(votes: ReadonlyMap<Address, SignedBaseline>, digest: Hex): readonly SignedBaseline[] {
  return [...votes.values()].filter((vote) => vote.digest === digest);
}

function distinct(messages: readonly SignedBaseline[]): readonly SignedBaseline[] {
  return [...new Map(messages.map((message) => [message.signer, message])).values()];
}

function isVoteFor(vote: SignedBaseline, claim: SignedBaseline): boolean {
  const votes = vote.kind === 'prepare' || vote.kind === 'pre-prepare';
  return votes && vote.round === claim.preparedRound && vote.digest === claim.digest;
}

function highestPrepared(asked: readonly SignedBaseline[]): SignedBaseline | undefined {
  const claims = asked.filter(({ preparedRound }) => preparedRound >= 0);
  return claims.toSorted((left, right) => right.preparedRound - left.preparedRound)[0];
}

function withoutProposal(message: SignedBaseline): SignedBaseline {
  const { proposal: _, ...rest } = message;
  return rest;
}
