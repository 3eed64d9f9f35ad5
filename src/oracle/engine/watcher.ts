import type { RequestReason } from '../../contracts/index.ts';
import { toEip2537G2, toHex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import { ORACLE_PENDING_MAX } from '../../limits.ts';
import type { LedgerView } from '../chain/ledger-view.ts';
import type { OwnSeat, Seat } from './oracle-view.ts';
import { proposedContent } from './proposal.ts';
import type { Equivocation, ProposalsSeen } from './proposals-seen.ts';
import type { ProposedAnswer } from './wire.ts';

interface Options {
  readonly environment: Environment;
  readonly view: LedgerView;
  readonly proposals: ProposalsSeen;
  readonly seat: OwnSeat;
  /** Asks another member what a master proposed to it. */
  readonly askProposed: (
    seat: Seat,
    place: { readonly term: number; readonly id: bigint; readonly attempt: number },
  ) => Promise<ProposedAnswer>;
}

/** How a request ended, as the ledger's event says it. */
export interface Ended {
  readonly id: bigint;
  readonly term: number;
  readonly reason: RequestReason;
  readonly result: Uint8Array;
  readonly observedAt: number;
}

/** Blocks between the turns of two nodes that would do the same, so that one transaction is enough. */
const TURN_BLOCKS = 2;

/** Looks after what others leave undone: requests whose time is over, masters that are silent, masters that sign two things. */
export class Watcher {
  readonly #options: Options;
  /** The block in which a request was first seen overdue. */
  readonly #overdue = new Map<bigint, number>();
  #askedIn = 0;
  #busy = false;
  #silentSince = new Map<string, number>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Called after each block; what it sends is not waited for by whoever calls. */
  async look(): Promise<void> {
    const seat = this.#options.seat();
    if (seat === undefined || this.#busy) return;
    this.#busy = true;
    try {
      await this.#expire(seat.id);
      await this.#replaceSilent();
    } finally {
      this.#busy = false;
    }
  }

  /** Ends requests whose time is over, one node after the other trying. */
  async #expire(ownId: number): Promise<void> {
    const { view, environment } = this.#options;
    const now = view.head.timestampMs / 1000;
    for (const id of this.#overdue.keys()) if (!view.pending.has(id)) this.#overdue.delete(id);
    for (const request of view.pending.values()) {
      if (request.expiresAt > now || this.#overdue.size >= ORACLE_PENDING_MAX) continue;
      const since = this.#overdue.get(request.id) ?? view.head.number;
      this.#overdue.set(request.id, since);
      const rank = (ownId + Number(request.id)) % 8;
      if (view.head.number < since + rank * TURN_BLOCKS) continue;
      // Its next try comes a round of turns later, should this one fail.
      this.#overdue.set(request.id, view.head.number + 8 * TURN_BLOCKS);
      await this.#attempt('expire', () => view.pedal.expire(request.id));
      environment.metrics.count('oracle_expired_total');
    }
  }

  /** A work node replaces a master that neither answers nor says why not. */
  async #replaceSilent(): Promise<void> {
    const { view, environment } = this.#options;
    const term = view.currentTerm();
    const [oldest] = view.pending.values();
    if (oldest === undefined || view.servingTerm() !== term) return;
    const waited = view.head.number - Math.max(oldest.requestedIn, view.electionEnd(term));
    if (waited < Number(view.settings.silenceBlocks) || view.head.number === this.#askedIn) return;
    const group = await view.group(term, oldest.groupSize);
    const position = group?.members.findIndex(({ node }) => node === environment.node) ?? -1;
    if (group === undefined || position < 0) return;
    this.#askedIn = view.head.number;
    const { why } = await view.pedal.explain(oldest.id);
    const key = `${term}:${group.master.id}`;
    if (why !== 'masterSilent') {
      this.#silentSince.delete(key);
      return;
    }
    const since = this.#silentSince.get(key) ?? view.head.number;
    this.#silentSince = new Map([[key, since]]);
    if (view.head.number < since + position * TURN_BLOCKS) return;
    environment.log.warn('oracle.master-silent', { term, master: group.master.account });
    await this.#attempt('replace the master', () => view.pedal.replaceMaster(oldest.id));
    view.forgetTerm(term);
  }

  /**
   * A request ended otherwise than a master proposed it to this node: others are asked what it proposed to them under the same
   * number. An honest master proposes something else only under another number.
   */
  async ended(ended: Ended): Promise<void> {
    const { proposals, view, environment, askProposed } = this.#options;
    const { id, reason, result, observedAt } = ended;
    for (const { term, attempt, content } of proposals.attemptsAt(id)) {
      if (content === proposedContent(view.place, term, { id, reason, result, observedAt })) continue;
      const group = await this.#groupThatSaw(term, id);
      if (group === undefined) return;
      for (const seat of group.members) {
        if (seat.node === environment.node) continue;
        const answer = await askProposed(seat, { term, id, attempt }).catch(() => undefined);
        if (answer === undefined) continue;
        const taken = proposals.take({ term, id, attempt }, group.master, answer);
        if (typeof taken !== 'string') return this.report(taken);
      }
    }
  }

  /** Puts the proof that a master signed two proposals for one attempt on the ledger. */
  async report({ term, id, attempt, master, one, other }: Equivocation): Promise<void> {
    const { view, environment } = this.#options;
    environment.log.warn('oracle.equivocation', { term, request: id, attempt, master: master.account });
    await this.#attempt('report an equivocation', () =>
      view.pedal.reportEquivocation({
        term: BigInt(term),
        id,
        attempt,
        node: master.id,
        content: one.content,
        signature: toHex(toEip2537G2(one.signature)),
        otherContent: other.content,
        otherSignature: toHex(toEip2537G2(other.signature)),
      }),
    );
    environment.metrics.count('oracle_equivocations_total');
  }

  async #groupThatSaw(term: number, id: bigint) {
    const record = await this.#options.view.pedal.requestOf(id);
    return this.#options.view.group(term, record.groupSize);
  }

  /** What others may have done meanwhile is no trouble; anything else is tried again at a later block. */
  async #attempt(what: string, step: () => Promise<unknown>): Promise<void> {
    const { environment } = this.#options;
    try {
      await step();
    } catch (error) {
      const level = hasCode(error, 'CONTRACT_REVERTED') ? 'debug' : 'warn';
      environment.log[level]('oracle.not-done', { what, error: String(error) });
    }
  }
}
