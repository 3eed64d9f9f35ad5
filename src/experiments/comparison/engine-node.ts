import {
  type BaselineEffect,
  type BaselineEngine,
  type BaselineEvent,
  decodeBaseline,
  encodeBaseline,
  type SignedBaseline,
  signBaseline,
  verifyBaseline,
} from '../../consensus/index.ts';
import type { Address, NodeKey } from '../../crypto/index.ts';
import type { Environment, NodeId, Timer } from '../../environment/index.ts';
import { COMPARISON_LATER_MAX } from '../../limits.ts';
import { rememberByIdentity } from '../../remember.ts';
import { type Body, batchDigest, bodyOf, encodeBatch, readBatch } from './batch.ts';
import { Transfers } from './transfers.ts';

export interface EngineNodeOptions {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly domain: Uint8Array;
  readonly engine: BaselineEngine;
  readonly sealers: readonly Address[];
  /** To whom the bodies that come in here go at once. */
  readonly bodiesTo: readonly NodeId[];
  /** Time a leader lets bodies come together. */
  readonly batchMicros: number;
  /** Most bytes of bodies in one block. */
  readonly blockBytesMax: number;
  readonly onCommit: (body: Body) => void;
}

/** A node that runs a baseline engine over an environment: it signs, sends, keeps time, and keeps the bodies that wait. */
export class EngineNode {
  readonly rounds: { readonly height: number; readonly round: number }[] = [];
  readonly faults: string[] = [];
  private readonly options: EngineNodeOptions;
  private readonly waiting = new Map<number, Body>();
  private readonly committed = new Set<number>();
  private readonly messages: Transfers;
  private readonly bodies: Transfers;
  private height = 0;
  private announcedWork = 0;
  private timer: Timer | undefined;
  private miner: Timer | undefined;
  private toBuild: (BaselineEffect & { type: 'build' }) | undefined;
  private building = false;
  private later: SignedBaseline[] = [];
  private readonly queue: BaselineEvent[] = [];
  private stepping = false;

  constructor(options: EngineNodeOptions) {
    this.options = options;
    this.messages = new Transfers(options.environment, 'engine/1', (from, bytes) => void this.receive(from, bytes));
    this.bodies = new Transfers(options.environment, 'bodies/1', (_from, bytes) => this.take(bodyOf(bytes)));
  }

  start(): void {
    this.next();
  }

  /** A client brings a transaction. */
  submit(body: Body): void {
    this.take(body);
    const { bodiesTo } = this.options;
    if (bodiesTo.length > 0) this.bodies.send(bodiesTo, body.bytes);
  }

  private take(body: Body): void {
    if (this.committed.has(body.id) || this.waiting.has(body.id)) return;
    this.waiting.set(body.id, body);
    this.noticeWork();
  }

  private noticeWork(): void {
    if (this.waiting.size === 0) return;
    if (this.announcedWork !== this.height) {
      this.announcedWork = this.height;
      this.enqueue({ type: 'work', height: this.height });
    }
    this.plan();
  }

  private next(): void {
    this.height += 1;
    const { height } = this;
    this.enqueue({ type: 'start', height, sealers: this.options.sealers });
    const kept = this.later;
    this.later = [];
    for (const message of kept) this.deliver(message);
    this.noticeWork();
  }

  private async receive(_from: NodeId, bytes: Uint8Array): Promise<void> {
    const message = decodeShared(bytes);
    const { environment, domain } = this.options;
    const genuine = await environment.cpu.run({ operation: 'vote_verify', units: 1 + message.nested.length }, () =>
      verifyBaseline(domain, message),
    );
    if (genuine) this.deliver(message);
  }

  private deliver(message: SignedBaseline): void {
    const ahead = message.height > this.height && !(message.kind === 'block' && message.scope === 0);
    if (!ahead) this.enqueue({ type: 'message', message, via: message.signer });
    else if (this.later.length < COMPARISON_LATER_MAX) this.later.push(message);
  }

  private enqueue(event: BaselineEvent): void {
    this.queue.push(event);
    if (this.stepping) return;
    this.stepping = true;
    for (let due = this.queue.shift(); due !== undefined; due = this.queue.shift()) {
      for (const effect of this.options.engine.step(due)) this.carryOut(effect);
    }
    this.stepping = false;
  }

  private carryOut(effect: BaselineEffect): void {
    const { environment } = this.options;
    const { clock, random } = environment;
    switch (effect.type) {
      case 'send':
        void this.send(effect);
        return;
      case 'build':
        this.toBuild = effect;
        if (effect.evenEmpty === true && this.waiting.size === 0 && !this.building) this.build();
        else this.plan();
        return;
      case 'timer': {
        if (this.timer !== undefined) clock.cancel(this.timer);
        const { height, round, delayMicros } = effect;
        this.timer = clock.set(delayMicros, () => this.enqueue({ type: 'timeout', height, round }), 'view of a baseline');
        return;
      }
      case 'mine': {
        if (this.miner !== undefined) clock.cancel(this.miner);
        const delayMicros = Math.max(1, Math.round(random.stream('mining').exponential(effect.meanMicros)));
        const { height, parent } = effect;
        this.miner = clock.set(delayMicros, () => this.enqueue({ type: 'mined', height, parent }), 'mining');
        return;
      }
      case 'commit':
        this.commit(effect);
        return;
      case 'hold':
        this.keep(effect.proposal);
        return;
      case 'round':
        this.rounds.push({ height: effect.height, round: effect.round });
        return;
      case 'fault':
        this.faults.push(effect.reason);
        return;
    }
  }

  private async send(effect: BaselineEffect & { type: 'send' }): Promise<void> {
    const { environment, domain, key } = this.options;
    const message = await environment.cpu.run({ operation: 'vote_sign' }, () => signBaseline(domain, effect.message, key));
    this.messages.send(effect.to, encodeBaseline(message));
    this.enqueue({ type: 'sent', message });
  }

  /** A block is built a moment after something waits, so that what comes together travels together. Miners do not wait. */
  private plan(): void {
    const { environment, batchMicros } = this.options;
    const mined = this.toBuild?.parent !== undefined;
    if (this.toBuild === undefined || this.building || (this.waiting.size === 0 && !mined)) return;
    this.building = true;
    environment.clock.set(
      mined ? 0 : batchMicros,
      () => {
        this.building = false;
        this.build();
      },
      'build a batch',
    );
  }

  private build(): void {
    const wanted = this.toBuild;
    this.toBuild = undefined;
    if (wanted === undefined) return;
    const bodies: Body[] = [];
    let sizeBytes = 0;
    for (const body of this.waiting.values()) {
      if (sizeBytes + body.bytes.length > this.options.blockBytesMax) break;
      bodies.push(body);
      sizeBytes += body.bytes.length;
    }
    const proposal = encodeBatch(`${wanted.height} ${this.options.environment.node} ${wanted.parent ?? ''}`, bodies);
    this.enqueue({ type: 'built', height: wanted.height, round: wanted.round, digest: batchDigest(proposal), proposal });
  }

  private commit(effect: BaselineEffect & { type: 'commit' }): void {
    this.keep(effect.proposal);
    if (effect.height >= this.height) this.next();
  }

  private keep(proposal: Uint8Array): void {
    for (const body of readBatch(proposal)) {
      this.waiting.delete(body.id);
      if (this.committed.has(body.id)) continue;
      this.committed.add(body.id);
      this.options.onCommit(body);
    }
  }
}

const decodeShared = rememberByIdentity((bytes: Uint8Array): SignedBaseline => decodeBaseline(bytes));
