import { type Address, type Hex, keccak256, type NodeKey, toHex } from '../../../crypto/index.ts';
import { invariant } from '../../../errors.ts';
import { EventQueue } from '../../testing/event-queue.ts';
import { testDomain, testKeys } from '../../testing/keys.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import type { BaselineEffect, BaselineEngine, BaselineEvent, BaselineOptions } from '../baseline-core.ts';
import {
  type BaselineKind,
  decodeBaseline,
  encodeBaseline,
  type SignedBaseline,
  signBaseline,
  verifyBaseline,
} from '../message.ts';

export interface Committed {
  readonly height: number;
  readonly digest: Hex;
  readonly proposer: Address;
}

interface Seat {
  readonly key: NodeKey;
  readonly engine: BaselineEngine;
  readonly committed: Committed[];
  height: number;
  up: boolean;
  timer: number;
  mining: number;
  /** Messages of heights that this seat has not begun. */
  later: SignedBaseline[];
}

/** Seats with baseline engines, virtual time, and a network that delays and reorders; everything from one seed. */
export class EngineNetwork {
  readonly seats: readonly Seat[];
  readonly sent = new Map<BaselineKind, number>();
  readonly faults: string[] = [];
  private readonly queue = new EventQueue();
  private readonly random: SeededRandom;
  /** Heights after which no seat begins another one. */
  private readonly heights: number;

  constructor(options: {
    readonly seed: number;
    readonly sealers: number;
    readonly heights: number;
    readonly engine: (options: BaselineOptions) => BaselineEngine;
  }) {
    this.random = new SeededRandom(options.seed);
    this.heights = options.heights;
    this.seats = testKeys(options.sealers).map((key) => ({
      key,
      engine: options.engine({ domain: testDomain, self: key.address, baseTimeoutMicros: 500_000 }),
      committed: [],
      height: 0,
      up: true,
      timer: 0,
      mining: 0,
      later: [],
    }));
  }

  run(untilMicros: number, done: () => boolean): boolean {
    for (const seat of this.seats) if (seat.height === 0 && seat.up) this.begin(seat);
    while (!done()) if (!this.queue.runNext(untilMicros)) return done();
    return true;
  }

  private begin(seat: Seat): void {
    if (seat.height >= this.heights) return;
    seat.height += 1;
    const { height } = seat;
    this.step(seat, { type: 'start', height, sealers: this.seats.map(({ key }) => key.address) });
    this.step(seat, { type: 'work', height });
    const kept = seat.later;
    seat.later = [];
    for (const message of kept) this.deliver(seat, message, message.signer);
  }

  private step(seat: Seat, event: BaselineEvent): void {
    if (!seat.up) return;
    for (const effect of seat.engine.step(event)) this.carryOut(seat, effect);
  }

  private carryOut(seat: Seat, effect: BaselineEffect): void {
    switch (effect.type) {
      case 'send':
        return this.send(seat, effect);
      case 'build': {
        const text = `${effect.height} by ${seat.key.address} in ${effect.round} on ${effect.parent ?? ''}`;
        const proposal = new TextEncoder().encode(text);
        const { height, round } = effect;
        this.soon(seat, () => this.step(seat, { type: 'built', height, round, digest: toHex(keccak256(proposal)), proposal }));
        return;
      }
      case 'timer': {
        const mine = ++seat.timer;
        const { height, round } = effect;
        this.queue.after(effect.delayMicros, () => {
          if (seat.timer === mine) this.step(seat, { type: 'timeout', height, round });
        });
        return;
      }
      case 'mine': {
        const mine = ++seat.mining;
        const { height, parent } = effect;
        this.queue.after(this.random.between(1, 2 * effect.meanMicros), () => {
          if (seat.mining === mine) this.step(seat, { type: 'mined', height, parent });
        });
        return;
      }
      case 'commit':
        invariant(effect.height === seat.committed.length + 1, 'heights are committed in order');
        seat.committed.push({ height: effect.height, digest: effect.digest, proposer: effect.proposer });
        this.soon(seat, () => this.begin(seat));
        return;
      case 'round':
        return;
      case 'fault':
        this.faults.push(effect.reason);
        return;
    }
  }

  private send(seat: Seat, effect: BaselineEffect & { type: 'send' }): void {
    const signed = signBaseline(testDomain, effect.message, seat.key);
    const bytes = encodeBaseline(signed);
    for (const to of effect.to) {
      if (to === seat.key.address) continue;
      this.sent.set(signed.kind, (this.sent.get(signed.kind) ?? 0) + 1);
      const receiver = this.seats.find(({ key }) => key.address === to);
      invariant(receiver !== undefined, 'messages go to seats');
      this.soon(receiver, () => this.deliver(receiver, decodeBaseline(bytes), seat.key.address));
    }
    this.soon(seat, () => this.step(seat, { type: 'sent', message: signed }));
  }

  private deliver(seat: Seat, message: SignedBaseline, via: Address): void {
    invariant(verifyBaseline(testDomain, message), 'what arrives was signed by its signer');
    // A block of proof of work belongs to no height that its receiver is in.
    const ahead = message.height > seat.height && !(message.kind === 'block' && message.scope === 0);
    if (ahead) seat.later.push(message);
    else this.step(seat, { type: 'message', message, via });
  }

  private soon(seat: Seat, action: () => void): void {
    this.queue.after(this.random.between(1_000, 20_000), () => {
      if (seat.up) action();
    });
  }
}

/** Digests of a height over the seats that have it. */
export function digestsAt(network: EngineNetwork, height: number): ReadonlySet<Hex> {
  return new Set(network.seats.flatMap(({ committed }) => committed[height - 1]?.digest ?? []));
}
