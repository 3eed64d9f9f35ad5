import type { Hex } from '../../crypto/index.ts';
import type { Clock, Logger, Metrics, Micros, Network, NodeId } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import {
  EXCHANGE_GRACE_MICROS,
  EXCHANGE_OBTAIN_IDLE_MICROS,
  EXCHANGE_OBTAIN_MICROS_MAX,
  EXCHANGE_PATIENCE_MICROS_MAX,
  EXCHANGE_PULL_MICROS,
  EXCHANGE_PULL_ROUNDS_MAX,
  EXCHANGE_PULLS_PER_PEER_MAX,
  EXCHANGE_WAITERS_MAX,
} from '../../limits.ts';
import { ChunkSet } from './exchange-chunk-set.ts';
import type { IncomingBody, Pull, Waiter } from './exchange-incoming.ts';
import type { Intake } from './exchange-intake.ts';
import type { NotePost } from './exchange-notes.ts';
import type { ObtainOptions, PayloadCommitment } from './payload.ts';
import { ringStart } from './ring-start.ts';

export interface PullerOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly notes: NotePost;
  readonly intake: Intake;
  readonly sealers: () => readonly NodeId[];
  /** Asks for a call of {@link Puller.tick} soon. */
  readonly wake: () => void;
}

/** Asks for chunks that do not come by themselves: each at one peer at a time, different chunks at different peers. */
export class Puller {
  private readonly options: PullerOptions;
  /** Bodies that somebody waits for, or that were offered. */
  private readonly attention = new Set<IncomingBody>();
  /** Chunks under way from each peer that was asked for them. */
  private readonly asked = new Map<NodeId, number>();
  /** When each peer last sent a chunk that was of use. */
  private readonly heard = new Map<NodeId, Micros>();
  private waiting = 0;

  constructor(options: PullerOptions) {
    this.options = options;
  }

  /** Looks after a body that was offered, or waited for. */
  attend(body: IncomingBody): void {
    body.rounds = 0;
    this.attention.add(body);
    this.options.wake();
  }

  /** Resolves when the body is whole. @throws TreadleError PAYLOAD_MISSING */
  obtain(commitment: PayloadCommitment, from: readonly NodeId[], { patient = false }: ObtainOptions): Promise<void> {
    const { intake, clock } = this.options;
    const body = this.waiting < EXCHANGE_WAITERS_MAX ? intake.track(commitment, false) : undefined;
    if (body === undefined) return Promise.reject(missing(commitment.root, 'too many bodies are waited for on this node'));
    for (const peer of from) body.likely.add(peer);
    // Who did not hold it when last asked may hold it now.
    body.pauseUntilMicros = 0;
    if (!patient && !body.needed) this.hasten(body);
    this.waiting++;
    const waited = new Promise<void>((resolve, reject) => {
      body.waiters.add({ sinceMicros: clock.now(), patient, resolve, reject });
    }).finally(() => {
      this.waiting--;
    });
    this.attend(body);
    // Nothing is on its way when nobody has offered the body: there is no use in waiting for it.
    if (body.offers.size === 0 && body.pulls.size === 0) this.pull(body);
    return waited;
  }

  /** A chunk came, pulled or pushed. */
  arrived(body: IncomingBody, index: number, from: NodeId): void {
    const pull = body.pulls.get(index);
    this.heard.set(from, this.options.clock.now());
    if (body.queued.delete(index) || pull !== undefined) this.options.metrics.count('payload_pulled_total');
    if (pull !== undefined) this.endPull(body, index);
    if (body.provider !== undefined && body.provider !== from && pull !== undefined) body.providerBehind = true;
    body.pauseUntilMicros = 0;
    if (body.pulling && pull !== undefined) this.pull(body);
    // The push goes on by itself.
    else if (pull === undefined && !body.needed) body.pulling = false;
  }

  /** A peer says that chunks are on their way. */
  later(from: NodeId, root: Hex, chunks: ChunkSet): void {
    const { intake, clock } = this.options;
    const body = intake.get(root);
    if (body === undefined) return;
    for (const index of chunks) {
      const pull = body.pulls.get(index);
      if (pull?.peer !== from) continue;
      // Where nobody waits, asking others as well would only bring the chunk twice.
      if (body.needed || body.patienceMicros >= EXCHANGE_PATIENCE_MICROS_MAX) body.noteTried(index, from);
      if (body.needed) pull.deadlineMicros = clock.now() + EXCHANGE_PULL_MICROS;
      else {
        this.endPull(body, index);
        body.queued.add(index);
      }
    }
    if (body.needed) return;
    body.pulling = false;
    body.lastArrivalMicros = clock.now();
    body.patienceMicros = Math.min(2 * body.patienceMicros, EXCHANGE_PATIENCE_MICROS_MAX);
  }

  /** A peer does not hold chunks that it was asked for. */
  none(from: NodeId, root: Hex, chunks: ChunkSet): void {
    const body = this.options.intake.get(root);
    if (body === undefined) return;
    let ended = false;
    for (const index of chunks) {
      if (body.pulls.get(index)?.peer !== from) continue;
      this.endPull(body, index);
      body.noteTried(index, from);
      ended = true;
    }
    if (ended && body.pulling) this.pull(body);
  }

  disconnected(peer: NodeId): void {
    for (const body of this.attention) {
      for (const [index, pull] of [...body.pulls]) if (pull.peer === peer) this.endPull(body, index);
    }
    this.asked.delete(peer);
    this.heard.delete(peer);
    if (this.attention.size > 0) this.options.wake();
  }

  /** Forgets a body; those who wait for it are told. */
  release(body: IncomingBody, reason: string): void {
    this.drop(body);
    for (const waiter of body.waiters) this.fail(body, waiter, reason);
  }

  /** Looks at every body that needs it; false when there is none. */
  tick(): boolean {
    for (const body of [...this.attention]) this.look(body);
    return this.attention.size > 0;
  }

  close(): void {
    for (const body of [...this.attention]) this.release(body, 'the node stops');
  }

  private look(body: IncomingBody): void {
    const { intake, clock } = this.options;
    if (intake.get(body.root) !== body || intake.checkHeld(body)) return this.drop(body);
    const now = clock.now();
    for (const [index, pull] of [...body.pulls]) {
      if (now < pull.deadlineMicros || this.isServing(pull, now)) continue;
      this.endPull(body, index);
      body.noteTried(index, pull.peer);
    }
    if (body.providerBehind) intake.refresh(body);
    for (const waiter of [...body.waiters]) {
      const idle = EXCHANGE_OBTAIN_IDLE_MICROS + (waiter.patient ? body.patienceMicros : 0);
      const silent = this.idleMicros(body) >= idle && now - waiter.sinceMicros >= idle;
      if (silent || now - waiter.sinceMicros >= EXCHANGE_OBTAIN_MICROS_MAX)
        this.fail(body, waiter, 'no connected peer delivered it');
    }
    if (body.waiters.size === 0 && !body.expected) {
      intake.forget(body);
      return this.drop(body);
    }
    if (body.waiters.size === 0 && body.offers.size === 0) return this.drop(body);
    const patience = body.needed ? EXCHANGE_GRACE_MICROS : body.patienceMicros;
    if (body.pulling || this.idleMicros(body) >= patience) this.pull(body);
  }

  /** A peer that sends one chunk after the other comes to this one too: another peer would only send it twice. */
  private isServing({ peer, deadlineMicros }: Pull, now: Micros): boolean {
    const heard = this.heard.get(peer) ?? 0;
    return now - heard < EXCHANGE_PULL_MICROS && now - deadlineMicros < EXCHANGE_OBTAIN_IDLE_MICROS;
  }

  /** A proposal names the body: whoever was asked to send it in its turn is asked for it at once. */
  private hasten(body: IncomingBody): void {
    for (const index of [...body.pulls.keys()]) this.endPull(body, index);
    body.tried.clear();
    body.pulling = false;
  }

  private idleMicros(body: IncomingBody): number {
    return this.options.clock.now() - body.lastArrivalMicros;
  }

  /** Asks for everything that is missing and not asked for yet. */
  private pull(body: IncomingBody): void {
    const { notes, metrics, clock } = this.options;
    if (clock.now() < body.pauseUntilMicros) return;
    body.pulling = true;
    const holders = this.holders(body);
    const others = this.others(body);
    const requests = new Map<NodeId, ChunkSet>();
    let exhausted = 0;
    for (const index of body.missing) {
      if (body.pulls.has(index)) continue;
      const untried = (peer: NodeId) => !body.hasTried(index, peer);
      // Of the others nothing is known: they are asked once every holder was.
      const candidates = holders.some(untried) ? holders : others;
      const peer = this.choose(candidates, index, untried);
      if (peer === undefined) {
        if (!candidates.some(untried)) exhausted++;
        continue;
      }
      body.asked.add(peer);
      body.pulls.set(index, { peer, deadlineMicros: clock.now() + EXCHANGE_PULL_MICROS });
      this.asked.set(peer, (this.asked.get(peer) ?? 0) + 1);
      const request = requests.get(peer);
      if (request === undefined) requests.set(peer, ChunkSet.of([index]));
      else request.add(index);
    }
    for (const [peer, wanted] of requests) {
      metrics.count('payload_pulls_total');
      notes.post(peer, { type: body.needed ? 'pull' : 'lack', root: body.root, missing: wanted });
    }
    if (exhausted > 0 && exhausted === body.missing.size) this.startOver(body);
  }

  /** Everybody was asked for everything: after a pause they are asked again. */
  private startOver(body: IncomingBody): void {
    body.tried.clear();
    body.rounds++;
    const long = body.rounds % EXCHANGE_PULL_ROUNDS_MAX === 0;
    body.pauseUntilMicros = this.options.clock.now() + (long ? EXCHANGE_PATIENCE_MICROS_MAX : EXCHANGE_PULL_MICROS / 2);
  }

  /** The first of the peers, counted from a place that depends on the chunk, that may be asked for one more. */
  private choose(peers: readonly NodeId[], index: number, untried: (peer: NodeId) => boolean): NodeId | undefined {
    for (let step = 0; step < peers.length; step++) {
      const peer = peers[(index + step) % peers.length] as NodeId;
      if (untried(peer) && (this.asked.get(peer) ?? 0) < EXCHANGE_PULLS_PER_PEER_MAX) return peer;
    }
    return undefined;
  }

  private holders(body: IncomingBody): readonly NodeId[] {
    const connected = new Set(this.options.network.peers());
    return [...new Set([...body.likely, ...body.offers])].filter((peer) => connected.has(peer));
  }

  /** Peers of which nothing is known, sealers first, from a place that differs from body to body. */
  private others(body: IncomingBody): readonly NodeId[] {
    const { network, sealers } = this.options;
    const connected = network.peers().filter((peer) => !body.likely.has(peer) && !body.offers.has(peer));
    const sealing = new Set(sealers());
    const first = connected.filter((peer) => sealing.has(peer));
    const start = first.length === 0 ? 0 : ringStart(body.root) % first.length;
    return [...first.slice(start), ...first.slice(0, start), ...connected.filter((peer) => !sealing.has(peer))];
  }

  private endPull(body: IncomingBody, index: number): void {
    const pull = body.pulls.get(index);
    if (pull === undefined) return;
    body.pulls.delete(index);
    const left = (this.asked.get(pull.peer) ?? 1) - 1;
    if (left <= 0) this.asked.delete(pull.peer);
    else this.asked.set(pull.peer, left);
  }

  private drop(body: IncomingBody): void {
    this.attention.delete(body);
    for (const index of [...body.pulls.keys()]) this.endPull(body, index);
  }

  private fail(body: IncomingBody, waiter: Waiter, reason: string): void {
    body.waiters.delete(waiter);
    this.options.metrics.count('payload_missing_total');
    waiter.reject(missing(body.root, reason));
  }
}

function missing(root: Hex, reason: string): TreadleError {
  return new TreadleError('PAYLOAD_MISSING', { detail: `the body ${root} is not here: ${reason}`, data: { root } });
}
