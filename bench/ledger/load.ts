import { setTimeout as delay } from 'node:timers/promises';
import { encodeRlp, keccak256, type RlpInput, toHex } from '../../src/crypto/index.ts';
import { type Answer, createHttpClient } from './http-client.ts';
import type { Sealer, Sealers } from './sealers.ts';
import type { Watcher } from './watcher.ts';

/** A transaction that is ready to go, with its body if it has one. */
export interface Item {
  readonly raw: Uint8Array;
  readonly body?: Uint8Array;
}

/** Makes the next item for a sealer; an account always sends to the same one, so that its nonces arrive in order. */
export type MakeItem = (sealerIndex: number) => Item;

/** How transactions go out: `POST /batch`, or JSON-RPC batches of eth_sendRawTransaction. */
export type Way = 'batch' | 'json-rpc';

export interface StepOptions {
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly way: Way;
}

/** What one step of constant offered load came to. */
export interface Step {
  readonly offeredPerSecond: number;
  readonly throughputPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly refused: number;
  /** Of those that were taken and not seen final within DRAIN_MS after the step. */
  readonly missing: number;
  readonly cpuSecondsPer1000: number;
}

const TICK_MS = 25;
/** The first part of a step, in which queues fill and code is compiled, is not counted. */
const WARM_UP_SHARE = 0.3;
const DRAIN_MS = 8_000;
/** Requests to one sealer under way: what does not go out now goes out later, and counts as not offered. */
const REQUESTS_MAX = 12;
const ITEMS_PER_REQUEST = { batch: 500, 'json-rpc': 100 } as const;
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;

interface Sent {
  readonly hash: string;
  readonly item: Item;
  /** In which order the transactions were made: that of the nonces of each account. */
  readonly order: number;
}

let made = 0;

/** One sealer's queue of the load. */
class Lane {
  readonly sealer: Sealer;
  readonly post: ReturnType<typeof createHttpClient>;
  /** What was refused goes first: later nonces of its account wait for it. */
  readonly again: Sent[] = [];
  /** Signed for a step and not sent in it: they have their nonces, so they come before any that are signed later. */
  unsent: readonly Sent[] = [];
  underWay = 0;
  /** The sealer asked to be left in peace until then. */
  busyUntil = 0;
  /** Requests under way at most: one after a refusal, until one is taken as a whole, so that nothing overtakes what was refused. */
  requestsMax = REQUESTS_MAX;

  constructor(sealer: Sealer) {
    this.sealer = sealer;
    this.post = createHttpClient(sealer.rpcUrl);
  }

  sendAgain(refused: readonly Sent[]): void {
    if (refused.length === 0) return;
    this.again.push(...refused);
    this.again.sort((left, right) => left.order - right.order);
  }
}

/** Sends load to the living sealers and measures what becomes of it. */
export class Load {
  private readonly sealers: Sealers;
  private readonly lanes: readonly Lane[];
  /** Sent in any step so far, and not looked at since they became final. */
  private readonly open = new Set<string>();

  constructor(sealers: Sealers) {
    this.sealers = sealers;
    this.lanes = sealers.all.map((sealer) => new Lane(sealer));
  }

  async step(make: MakeItem, watcher: Watcher, options: StepOptions): Promise<Step> {
    const { ratePerSecond, seconds } = options;
    const lanes = this.lanes.filter(({ sealer }) => !sealer.isDead);
    // Signed before the clock runs: the load shall cost as little as it can while it is measured.
    const ready = lanes.map((lane) => {
      const share = Math.ceil((ratePerSecond * seconds) / lanes.length);
      const fresh = Math.max(0, share - lane.unsent.length);
      return [...lane.unsent, ...Array.from({ length: fresh }, () => sentOf(make(this.lanes.indexOf(lane))))];
    });
    const sentAt = new Map<string, number>();
    const state = { refused: 0 };
    const started = performance.now();
    const countFrom = started + WARM_UP_SHARE * seconds * 1000;
    const ends = started + seconds * 1000;
    const cpuBefore = this.sealers.cpuSeconds();
    const finalsBefore = watcher.finals.length;
    const positions = lanes.map(() => 0);
    for (let now = started; now < ends; now = performance.now()) {
      const due = Math.floor((ratePerSecond * (now - started)) / 1000 / lanes.length);
      for (const [index, lane] of lanes.entries()) {
        const items = ready[index] as readonly Sent[];
        positions[index] = this.send(lane, items, { from: positions[index] as number, to: due }, { ...options, sentAt, state });
      }
      await delay(TICK_MS);
    }
    for (const [index, lane] of lanes.entries()) lane.unsent = (ready[index] as readonly Sent[]).slice(positions[index]);
    const finalsAfter = watcher.finals.length;
    const cpuSeconds = this.sealers.cpuSeconds() - cpuBefore;
    const inWindow = watcher.finals.filter((at) => at >= countFrom && at < ends).length;
    await this.drain(watcher, sentAt, options);
    const latencies = latenciesOf(watcher, sentAt, { from: countFrom, to: ends });
    const missing = [...sentAt.keys()].filter((hash) => watcher.finalAt(hash) === undefined).length;
    return {
      offeredPerSecond: ratePerSecond,
      throughputPerSecond: inWindow / ((ends - countFrom) / 1000),
      p50Ms: percentile(latencies, 0.5),
      p95Ms: percentile(latencies, 0.95),
      p99Ms: percentile(latencies, 0.99),
      refused: state.refused,
      missing,
      cpuSecondsPer1000: (1000 * cpuSeconds) / Math.max(1, finalsAfter - finalsBefore),
    };
  }

  /**
   * Waits until all that was ever sent is final, so that what follows meets no backlog; what was refused is sent again meanwhile.
   * Returns how many are still open after `secondsMax`.
   */
  async settle(watcher: Watcher, { way, secondsMax }: { readonly way: Way; readonly secondsMax: number }): Promise<number> {
    const until = performance.now() + 1000 * secondsMax;
    const step = { ratePerSecond: 0, seconds: 0, way, sentAt: new Map<string, number>(), state: { refused: 0 } };
    while (this.stillOpen(watcher) > 0 && performance.now() < until) {
      for (const lane of this.lanes) if (!lane.sealer.isDead) this.send(lane, [], { from: 0, to: 0 }, step);
      await delay(100);
    }
    return this.stillOpen(watcher);
  }

  private stillOpen(watcher: Watcher): number {
    for (const hash of this.open) if (watcher.finalAt(hash) !== undefined) this.open.delete(hash);
    return this.open.size;
  }

  /** Sends what is due and returns how far it came. */
  private send(
    lane: Lane,
    items: readonly Sent[],
    range: { readonly from: number; readonly to: number },
    step: StepOptions & { readonly sentAt: Map<string, number>; readonly state: { refused: number } },
  ): number {
    let at = range.from;
    while (lane.underWay < lane.requestsMax && performance.now() >= lane.busyUntil && (at < range.to || lane.again.length > 0)) {
      const batch: Sent[] = [];
      let sizeBytes = 0;
      while (batch.length < ITEMS_PER_REQUEST[step.way] && sizeBytes < REQUEST_BYTES_MAX) {
        const next = lane.again.shift() ?? (at < range.to ? items[at++] : undefined);
        if (next === undefined) break;
        batch.push(next);
        sizeBytes += next.item.raw.length + (next.item.body?.length ?? 0);
      }
      this.post(lane, batch, step);
    }
    return at;
  }

  private post(
    lane: Lane,
    batch: readonly Sent[],
    { way, sentAt, state }: StepOptions & { readonly sentAt: Map<string, number>; readonly state: { refused: number } },
  ): void {
    const now = performance.now();
    for (const { hash } of batch) {
      if (!sentAt.has(hash)) sentAt.set(hash, now);
      this.open.add(hash);
    }
    lane.underWay += 1;
    const answering = way === 'batch' ? lane.post('/batch', encodeBatch(batch)) : lane.post('/', jsonBatch(batch));
    answering
      .then((answer) => {
        const refused = batch.filter((_, index) => !wasTaken(answer, index));
        state.refused += refused.length;
        lane.sendAgain(refused);
        const waitMs = retryAfterOf(answer);
        lane.requestsMax = refused.length > 0 ? 1 : REQUESTS_MAX;
        if (waitMs !== undefined) lane.busyUntil = performance.now() + waitMs;
      })
      // Nobody knows whether they arrived: sent again, those that did are known.
      .catch(() => lane.sendAgain(batch))
      .finally(() => {
        lane.underWay -= 1;
      });
  }

  /** Sends again what was refused, and waits until everything is final, or no more comes. */
  private async drain(watcher: Watcher, sentAt: Map<string, number>, options: StepOptions): Promise<void> {
    const until = performance.now() + DRAIN_MS;
    const step = { ...options, sentAt, state: { refused: 0 } };
    while (performance.now() < until) {
      for (const lane of this.lanes) if (!lane.sealer.isDead) this.send(lane, [], { from: 0, to: 0 }, step);
      let open = 0;
      for (const hash of sentAt.keys()) if (watcher.finalAt(hash) === undefined) open++;
      if (open === 0) return;
      await delay(100);
    }
  }
}

function sentOf(item: Item): Sent {
  return { item, hash: toHex(keccak256(item.raw)), order: made++ };
}

function encodeBatch(batch: readonly Sent[]): Uint8Array {
  return encodeRlp(batch.map(({ item }): RlpInput => (item.body === undefined ? item.raw : [item.raw, item.body])));
}

function jsonBatch(batch: readonly Sent[]): string {
  const calls = batch.map(
    ({ item }, id) => `{"jsonrpc":"2.0","id":${id},"method":"eth_sendRawTransaction","params":["${toHex(item.raw)}"]}`,
  );
  return `[${calls.join(',')}]`;
}

interface OneAnswer {
  readonly hash?: string;
  readonly result?: string;
  readonly error?: { readonly message: string; readonly data?: { readonly retryAfterMs?: number } };
}

/** When a busy sealer wants to be asked again, as every client should. */
function retryAfterOf({ text }: Answer): number | undefined {
  if (!text.includes('retryAfterMs')) return undefined;
  const answers = answersOf(text);
  const waits = [answers].flat().flatMap((one) => one.error?.data?.retryAfterMs ?? []);
  return waits.length === 0 ? undefined : Math.max(...waits);
}

/** What a sealer has already counts as taken. */
function wasTaken({ text }: Answer, index: number): boolean {
  const answers = answersOf(text);
  const one = Array.isArray(answers) ? answers[index] : answers;
  if (one === undefined) return false;
  return one.hash !== undefined || one.result !== undefined || /known/i.test(one.error?.message ?? '');
}

const parsed = new Map<string, OneAnswer | readonly OneAnswer[]>();

function answersOf(text: string): OneAnswer | readonly OneAnswer[] {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  parsed.clear();
  const answers = JSON.parse(text) as OneAnswer | readonly OneAnswer[];
  parsed.set(text, answers);
  return answers;
}

function latenciesOf(
  watcher: Watcher,
  sentAt: ReadonlyMap<string, number>,
  window: { readonly from: number; readonly to: number },
): readonly number[] {
  const latencies: number[] = [];
  for (const [hash, at] of sentAt) {
    const final = watcher.finalAt(hash);
    if (final !== undefined && at >= window.from && at < window.to) latencies.push(final - at);
  }
  return latencies.sort((left, right) => left - right);
}

/** NaN-free: 0 when there is nothing. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
