import {
  decodeStanding,
  encodeStanding,
  faultsOf,
  quorumOf,
  recoverSigned,
  type SignedStatement,
  type StandingReport,
  statementOf,
  verifyStatement,
} from '../consensus/index.ts';
import type { Address } from '../crypto/index.ts';
import { type Environment, type NodeId, sleep } from '../environment/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import type { Ledger } from '../ledger/index.ts';
import { STANDING_ANSWERS_MAX, STANDING_PAUSE_MICROS, STANDING_PAUSE_MICROS_MAX, STANDING_TIMEOUT_MICROS } from '../limits.ts';
import { type Answer, judgeStanding, type ShownPlace } from './standing-verdict.ts';
import type { VoteLog } from './vote-log.ts';

/** The protocol by which sealers tell one another where they stand. */
export const STANDING_PROTOCOL = 'standing/1';

/** What keeps this sealer from voting; undefined when nothing does. */
export interface StandingStatus {
  readonly why: string;
  /** The first height that it votes at again; undefined while it is not known. */
  readonly untilHeight: number | undefined;
}

/**
 * Finds out, before this sealer signs anything, whether its memory of what it signed can be trusted: it asks the others.
 * The rules are 25 to 28 of `docs/reference/consensus.md`.
 */
export interface Standing {
  /** Registers the protocol and begins to ask; call it before the network starts. */
  start(): void;
  stop(): void;
  /** False while nothing may be signed. */
  readonly settled: boolean;
  status(): StandingStatus | undefined;
  /** Called whenever this node has found out where it stands. */
  onSettled(listener: () => void): void;
}

interface Options {
  readonly environment: Environment;
  readonly ledger: Pick<Ledger, 'head' | 'sealers' | 'block' | 'onHead' | 'catchUp'>;
  readonly votes: VoteLog;
  readonly domain: Uint8Array;
  /** The newest messages of a sealer that consensus has seen. */
  readonly newestOf: (signer: Address) => readonly SignedStatement[];
  readonly fatal: (error: unknown) => void;
}

export function createStanding(options: Options): Standing {
  return new StandingInquiry(options);
}

class StandingInquiry implements Standing {
  readonly #options: Options;
  readonly #answers = new Map<NodeId, Answer>();
  readonly #asking = new Set<NodeId>();
  #settled = false;
  #stopped = false;
  #judging = false;
  #headAtStart = 0;
  #shown: ShownPlace = { height: 0, round: 0, commitHeight: 0 };
  /** Why this sealer abstains, if it must. */
  #why: string;
  readonly #listeners: (() => void)[] = [];

  constructor(options: Options) {
    this.#options = options;
    this.#why =
      options.votes.memory === 'fresh'
        ? 'this sealer has no record of what it signed'
        : 'the record of what this sealer signed is damaged or incomplete';
  }

  get settled(): boolean {
    return this.#settled;
  }

  status(): StandingStatus | undefined {
    const { votes, ledger } = this.#options;
    if (!this.#settled) {
      const asking = 'asking the other sealers what they saw of this one';
      return { why: votes.memory === 'whole' ? asking : `${this.#why}; ${asking}`, untilHeight: undefined };
    }
    const { abstention } = votes;
    if (abstention === undefined || ledger.head.number + 1 >= abstention.below) return undefined;
    return { why: abstention.why, untilHeight: abstention.below };
  }

  onSettled(listener: () => void): void {
    this.#listeners.push(listener);
  }

  start(): void {
    const { environment, ledger } = this.#options;
    const { network } = environment;
    network.onRequest(STANDING_PROTOCOL, async (from, body) => {
      this.#note(from, this.#read(from, body));
      return encodeStanding(await this.#reportFor(from));
    });
    network.onPeer((event) => {
      if (event.type === 'connected') void this.#ask(event.peer);
    });
    this.#headAtStart = ledger.head.number;
    ledger.onHead(() => this.#judge());
    this.#judge();
    void this.#askOn();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Asks whoever has not answered, with growing pauses, until this node knows where it stands. */
  async #askOn(): Promise<void> {
    let pauseMicros = STANDING_PAUSE_MICROS;
    while (!this.#settled && !this.#stopped) {
      for (const sealer of this.#options.ledger.sealers()) void this.#ask(sealer);
      await sleep(this.#options.environment, pauseMicros, 'ask where this sealer stands');
      this.#judge();
      pauseMicros = Math.min(2 * pauseMicros, STANDING_PAUSE_MICROS_MAX);
    }
  }

  async #ask(peer: NodeId): Promise<void> {
    const { environment, ledger } = this.#options;
    const { network } = environment;
    if (this.#settled || this.#stopped || this.#answers.has(peer) || this.#asking.has(peer)) return;
    if (!network.peers().includes(peer) || !ledger.sealers().includes(peer)) return;
    this.#asking.add(peer);
    try {
      const request = encodeStanding(await this.#reportFor(peer));
      const answer = await network.request(peer, STANDING_PROTOCOL, request, { timeoutMicros: STANDING_TIMEOUT_MICROS });
      this.#note(peer, this.#read(peer, answer));
    } catch (error) {
      if (!(error instanceof TreadleError)) this.#fail(error);
      // A sealer of an earlier version cannot tell. That is no reason to wait for it for ever.
      else if (error.code === 'NETWORK_NO_HANDLER') this.#note(peer, { head: ledger.head.number, hasSigned: true, yours: [] });
      else environment.log.debug('standing.not-answered', { peer, reason: error.code });
    } finally {
      this.#asking.delete(peer);
    }
  }

  #read(from: NodeId, bytes: Uint8Array): StandingReport {
    const { environment } = this.#options;
    try {
      return decodeStanding(bytes, environment.node);
    } catch (error) {
      if (hasCode(error, 'CONSENSUS_MALFORMED')) environment.network.penalise(from, error.detail);
      throw error;
    }
  }

  /** What this node can tell another sealer. The newest block's certificate remembers what memory forgets in a restart. */
  async #reportFor(peer: NodeId): Promise<StandingReport> {
    const { ledger, votes, newestOf, domain } = this.#options;
    const { number } = ledger.head;
    const yours = [...newestOf(peer)];
    if (ledger.sealers().includes(peer) && number > 0 && !yours.some(({ height }) => height > number)) {
      const certificate = (await ledger.block(number))?.certificate;
      const vote = certificate && recoverSigned(domain, certificate).find(({ signer }) => signer === peer);
      if (vote !== undefined) yours.push(statementOf(vote));
    }
    return { head: number, hasSigned: votes.hasSigned, yours };
  }

  #note(from: NodeId, report: StandingReport): void {
    const { ledger, domain } = this.#options;
    const known = this.#answers.get(from);
    if (known === undefined && this.#answers.size >= STANDING_ANSWERS_MAX && !ledger.sealers().includes(from)) return;
    this.#answers.set(from, {
      // Any answer of this life will do, and the first is the one that this node comes level with soonest.
      head: Math.min(known?.head ?? report.head, report.head),
      // Said once in this life of ours it stays true of every earlier one.
      neverSigned: known?.neverSigned === true || (!report.hasSigned && report.head === 0),
    });
    for (const statement of report.yours) if (verifyStatement(domain, statement)) this.#noteShown(from, statement);
    this.#judge();
  }

  /** Somebody has a message of this sealer. When it knows nothing of it, its log is not the one that it wrote last. */
  #noteShown(from: NodeId, statement: SignedStatement): void {
    const { votes, environment } = this.#options;
    const { type, height, round } = statement;
    const before = this.#shown;
    if (height > before.height) this.#shown = { ...before, height, round };
    else if (height === before.height && round > before.round) this.#shown = { ...before, round };
    if (type === 'commit' && height > before.commitHeight) this.#shown = { ...this.#shown, commitHeight: height };
    if (votes.memory === 'lost' || votes.memory === 'damaged' || votes.knows(statement)) return;
    environment.log.error('standing.forgotten-vote', { type, height, round, shownBy: from });
    if (votes.memory === 'whole') this.#why = 'the record of what this sealer signed is older than what others saw of it';
    const asking = !this.#settled;
    this.#settled = false;
    votes.lose('lost').then(() => {
      if (!asking) void this.#askOn();
    }, this.#failUnlessFull);
  }

  /** Looks at the answers, and records what follows from them. */
  #judge(): void {
    if (this.#settled || this.#stopped || this.#judging) return;
    const { ledger, votes, environment } = this.#options;
    const sealers = ledger.sealers();
    const verdict = judgeStanding({
      self: environment.node,
      sealers,
      quorum: quorumOf(sealers.length),
      faults: faultsOf(sealers.length),
      head: ledger.head.number,
      headAtStart: this.#headAtStart,
      memory: votes.memory,
      shown: this.#shown,
      answers: this.#answers,
    });
    if (verdict.type === 'ask') return;
    if (verdict.type === 'catch-up') {
      void ledger.catchUp().catch(this.#fail);
      return;
    }
    this.#judging = true;
    const recorded =
      verdict.type === 'abstain'
        ? votes.abstain({ below: verdict.below, why: this.#why }, verdict.fromRound)
        : votes.memory === 'whole'
          ? Promise.resolve()
          : votes.begin();
    recorded
      .then(
        () => this.#settle(),
        // Without its record the abstention does not hold: it is judged again when there is room.
        this.#failUnlessFull,
      )
      .finally(() => {
        this.#judging = false;
      });
  }

  #settle(): void {
    const { environment } = this.#options;
    this.#settled = true;
    const status = this.status();
    if (status !== undefined) environment.log.warn('consensus.abstaining', { why: status.why, untilHeight: status.untilHeight });
    for (const listener of this.#listeners) listener();
  }

  readonly #failUnlessFull = (error: unknown): void => {
    if (!hasCode(error, 'DISK_FULL')) this.#fail(error);
  };

  readonly #fail = (error: unknown): void => {
    if (!this.#stopped) this.#options.fatal(error);
  };
}
