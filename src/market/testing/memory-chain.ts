import { encode } from '@ethereumjs/rlp';
import type { ChannelKey } from '../../contracts/index.ts';
import { type Address, fromHex, type Hex, keccak256, type NodeKey, toHex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import type { World } from '../../environment/sim/index.ts';
import { voucherIsValid } from '../channel/voucher.ts';
import type {
  ChannelChain,
  ChannelEvent,
  ChannelRecord,
  ChannelTotals,
  Match,
  MatchChain,
  MatchOutcome,
  TaskChange,
  Voucher,
} from '../ports/index.ts';

/** An edge node as the registry of the tests knows it. */
export interface ListedNode {
  readonly node: Address;
  readonly service: string;
  readonly priceWei: bigint;
  readonly capacity: number;
  readonly x: number;
  readonly y: number;
}

/** The ports of one node. */
export interface NodePorts {
  readonly channels: ChannelChain;
  readonly matches: MatchChain;
  /** A crash: nothing of the chain reaches this life any more. */
  cut(): void;
}

const DOMAIN = { chainId: 7_357, contract: '0x7ead1e0000000000000000000000000000000003' } as const;
const BLOCK_MICROS = 200_000;
const LEASE_MICROS = 600_000_000;

/**
 * A chain in memory that answers the market's ports as the contracts do: the same checks in the same order, one block
 * after the transaction was sent, and every node hears of a block at a moment of its own.
 */
export class MemoryChain {
  readonly balances = new Map<Address, bigint>();
  readonly failures: { readonly node: Address; readonly taskId: Hex }[] = [];
  readonly claims: Voucher[] = [];
  /** Top-ups of channels by others than their payers. */
  readonly gifts = { given: new Map<Address, bigint>(), received: new Map<Address, bigint>() };
  private readonly channels = new Map<Hex, ChannelRecord>();
  private readonly tasks = new Map<Hex, { match: Match; tried: Address[]; x: number; y: number; limitWei: bigint }>();
  private readonly inUse = new Map<Address, number>();
  private readonly world: World;
  private readonly nodes: readonly ListedNode[];
  private readonly lives = new Set<{
    readonly environment: Environment;
    channel?: (event: ChannelEvent) => void;
    tasks: Set<(change: TaskChange) => void>;
    channelListeners: Set<(event: ChannelEvent) => void>;
  }>();
  private totalsSoFar = { depositedWei: 0n, paidWei: 0n, refundedWei: 0n };
  /** Transactions of these names fail, as if the pool refused them. */
  readonly refuse = new Set<string>();
  seenDelayMicros = 20_000;

  constructor(world: World, nodes: readonly ListedNode[]) {
    this.world = world;
    this.nodes = nodes;
  }

  idOf = ({ payer, payee, nonce }: ChannelKey): Hex =>
    toHex(keccak256(encode([BigInt(DOMAIN.chainId), fromHex(DOMAIN.contract), fromHex(payer), fromHex(payee), nonce])));

  balance(account: Address): bigint {
    return this.balances.get(account) ?? 0n;
  }

  totals(): ChannelTotals {
    return { ...this.totalsSoFar, balanceWei: this.balance(DOMAIN.contract) };
  }

  record(channel: ChannelKey): ChannelRecord | undefined {
    return this.channels.get(this.idOf(channel));
  }

  all(): readonly ChannelRecord[] {
    return [...this.channels.values()];
  }

  ports(environment: Environment, key: NodeKey): NodePorts {
    const life = {
      environment,
      tasks: new Set<(change: TaskChange) => void>(),
      channelListeners: new Set<(event: ChannelEvent) => void>(),
    };
    this.lives.add(life);
    const me = key.address;
    const send = <T>(name: string, apply: () => T): Promise<T> => this.transaction(environment, name, apply);
    return {
      cut: () => void this.lives.delete(life),
      channels: {
        domain: DOMAIN,
        idOf: this.idOf,
        open: (request) => send('open', () => this.open(me, request)),
        topUp: ({ channel, amountWei }) => send('topUp', () => this.topUp(me, channel, amountWei)),
        claim: (voucher) => send('claim', () => this.claim(voucher)),
        cooperativeClose: ({ channel, voucher }) => send('cooperativeClose', () => this.cooperativeClose(me, channel, voucher)),
        startClose: (channel) => send('startClose', () => this.startClose(me, channel)),
        withdraw: (channel) => send('withdraw', () => this.withdraw(me, channel)),
        read: async (channel) => this.record(channel),
        onEvent: (listener) => {
          life.channelListeners.add(listener);
          return () => void life.channelListeners.delete(listener);
        },
      },
      matches: {
        domain: DOMAIN,
        requestMatch: (request) =>
          send('requestMatch', () => {
            if (this.tasks.has(request.taskId)) throw new Error('TaskExists');
            if (!request.taskId.startsWith(me)) throw new Error('TaskIdNotYours');
            return this.match(request.taskId, me, request.service, {
              x: request.longitudeE6,
              y: request.latitudeE6,
              limitWei: request.priceLimitWei,
              tried: [],
              attempt: 1,
            });
          }),
        reportFailure: ({ taskId }) =>
          send('reportFailure', () => {
            const task = this.tasks.get(taskId);
            if (task?.match.state !== 'open' || task.match.device !== me) throw new Error('TaskNotMatched');
            this.failures.push({ node: task.match.node, taskId });
            this.release(task.match.node);
            const tried = [...task.tried, task.match.node];
            const outcome = this.match(taskId, me, task.match.service, {
              x: task.x,
              y: task.y,
              limitWei: task.limitWei,
              tried,
              attempt: task.match.attempt + 1,
            });
            if (!outcome.matched) this.end(taskId, 'failed');
            return outcome;
          }),
        complete: (taskIds) =>
          send('complete', () => {
            for (const taskId of taskIds) if (this.tasks.get(taskId)?.match.node === me) this.finish(taskId, 'completed');
          }),
        expire: (taskIds) =>
          send('expire', () => {
            for (const taskId of taskIds)
              if ((this.tasks.get(taskId)?.match.expiresAtMicros ?? Infinity) <= this.world.now) this.finish(taskId, 'expired');
          }),
        task: async (taskId) => this.tasks.get(taskId)?.match,
        onTask: (listener) => {
          life.tasks.add(listener);
          return () => void life.tasks.delete(listener);
        },
      },
    };
  }

  private transaction<T>(environment: Environment, name: string, apply: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.world.at(BLOCK_MICROS, () => {
      let done: () => void;
      try {
        if (this.refuse.has(name)) throw new Error(`${name} is refused`);
        const value = apply();
        done = () => resolve(value);
      } catch (error) {
        done = () => reject(error);
      }
      // Heard through the node's own clock: a node that crashed meanwhile never hears.
      environment.clock.set(this.seenDelayMicros, done, `receipt of ${name}`);
    });
    return promise;
  }

  private tell(event: ChannelEvent): void {
    const { payer, payee } = event.channel.key;
    for (const life of this.lives) {
      if (life.environment.node !== payer && life.environment.node !== payee) continue;
      for (const listener of life.channelListeners) {
        life.environment.clock.set(this.seenDelayMicros / 2, () => this.lives.has(life) && listener(event), 'channel event');
      }
    }
  }

  private put(type: ChannelEvent['type'], channel: ChannelRecord): ChannelRecord {
    this.channels.set(channel.channelId, channel);
    this.tell({ type, channel });
    return channel;
  }

  private move(from: Address, to: Address, amountWei: bigint): void {
    if (this.balance(from) < amountWei) throw new Error('insufficient funds');
    this.balances.set(from, this.balance(from) - amountWei);
    this.balances.set(to, this.balance(to) + amountWei);
  }

  private live(channel: ChannelKey): ChannelRecord {
    const record = this.record(channel);
    if (record === undefined) throw new Error('UnknownChannel');
    if (record.state === 'closed') throw new Error('ChannelIsClosed');
    return record;
  }

  private open(
    payer: Address,
    request: { payee: Address; nonce: bigint; depositWei: bigint; challengeSeconds: number },
  ): ChannelRecord {
    const { payee, nonce, depositWei, challengeSeconds } = request;
    const key = { payer, payee, nonce };
    if (depositWei === 0n) throw new Error('EmptyDeposit');
    if (this.record(key) !== undefined) throw new Error('ChannelExists');
    this.move(payer, DOMAIN.contract, depositWei);
    this.totalsSoFar.depositedWei += depositWei;
    return this.put('opened', { channelId: this.idOf(key), key, depositWei, claimedWei: 0n, challengeSeconds, state: 'open' });
  }

  private topUp(from: Address, channel: ChannelKey, amountWei: bigint): ChannelRecord {
    const record = this.live(channel);
    if (amountWei === 0n) throw new Error('EmptyDeposit');
    this.move(from, DOMAIN.contract, amountWei);
    this.totalsSoFar.depositedWei += amountWei;
    if (from !== channel.payer) {
      this.gifts.given.set(from, (this.gifts.given.get(from) ?? 0n) + amountWei);
      this.gifts.received.set(channel.payer, (this.gifts.received.get(channel.payer) ?? 0n) + amountWei);
    }
    return this.put('toppedUp', { ...record, depositWei: record.depositWei + amountWei });
  }

  private redeem(record: ChannelRecord, voucher: Voucher): ChannelRecord {
    if (voucher.cumulativeWei <= record.claimedWei) throw new Error('NotHigher');
    if (voucher.cumulativeWei > record.depositWei) throw new Error('AboveDeposit');
    if (!voucherIsValid({ domain: DOMAIN, idOf: this.idOf }, voucher)) throw new Error('NotSignedByPayer');
    const paid = voucher.cumulativeWei - record.claimedWei;
    this.move(DOMAIN.contract, record.key.payee, paid);
    this.totalsSoFar.paidWei += paid;
    this.claims.push(voucher);
    return { ...record, claimedWei: voucher.cumulativeWei };
  }

  private claim(voucher: Voucher): ChannelRecord {
    return this.put('claimed', this.redeem(this.live(voucher.channel), voucher));
  }

  private refund(record: ChannelRecord): ChannelRecord {
    const rest = record.depositWei - record.claimedWei;
    this.move(DOMAIN.contract, record.key.payer, rest);
    this.totalsSoFar.refundedWei += rest;
    return this.put('closed', { ...record, state: 'closed' });
  }

  private cooperativeClose(me: Address, channel: ChannelKey, voucher: Voucher | undefined): ChannelRecord {
    if (channel.payee !== me) throw new Error('UnknownChannel');
    const record = this.live(channel);
    return this.refund(voucher === undefined ? record : this.redeem(record, voucher));
  }

  private startClose(me: Address, channel: ChannelKey): ChannelRecord {
    const record = this.live(channel);
    if (channel.payer !== me) throw new Error('UnknownChannel');
    if (record.state === 'closing') throw new Error('AlreadyClosing');
    return this.put('closing', {
      ...record,
      state: 'closing',
      closesAtMicros: this.world.now + record.challengeSeconds * 1_000_000,
    });
  }

  private withdraw(me: Address, channel: ChannelKey): ChannelRecord {
    const record = this.live(channel);
    if (channel.payer !== me) throw new Error('UnknownChannel');
    if (record.state !== 'closing') throw new Error('NotClosing');
    if (this.world.now < (record.closesAtMicros ?? 0)) throw new Error('TooEarly');
    return this.refund(record);
  }

  private release(node: Address): void {
    this.inUse.set(node, (this.inUse.get(node) ?? 0) - 1);
  }

  private finish(taskId: Hex, state: 'completed' | 'expired'): void {
    const task = this.tasks.get(taskId);
    if (task?.match.state !== 'open') return;
    this.release(task.match.node);
    this.end(taskId, state);
  }

  private end(taskId: Hex, state: Match['state']): void {
    const task = this.tasks.get(taskId);
    if (task === undefined) return;
    task.match = { ...task.match, state };
    this.tellTask({ taskId });
  }

  private tellTask(change: TaskChange): void {
    for (const life of this.lives) {
      for (const listener of life.tasks) {
        life.environment.clock.set(this.seenDelayMicros / 2, () => this.lives.has(life) && listener(change), 'task event');
      }
    }
  }

  private match(
    taskId: Hex,
    device: Address,
    service: string,
    { x, y, limitWei, tried, attempt }: { x: number; y: number; limitWei: bigint; tried: Address[]; attempt: number },
  ): MatchOutcome {
    const offering = this.nodes.filter((node) => node.service === service && !tried.includes(node.node));
    const free = offering.filter((node) => (this.inUse.get(node.node) ?? 0) < node.capacity);
    const affordable = free.filter((node) => node.priceWei <= limitWei);
    if (affordable.length === 0) {
      return {
        matched: false,
        reason: offering.length === 0 ? 'noneOffersService' : free.length === 0 ? 'noneHasCapacity' : 'allAboveLimit',
      };
    }
    const distance = (node: ListedNode) => (node.x - x) ** 2 + (node.y - y) ** 2;
    const order = [...affordable].sort((left, right) => distance(left) - distance(right));
    const chosen = order[0] as ListedNode;
    this.inUse.set(chosen.node, (this.inUse.get(chosen.node) ?? 0) + 1);
    const match: Match = {
      taskId,
      device,
      node: chosen.node,
      service,
      priceWei: chosen.priceWei,
      attempt,
      state: 'open',
      expiresAtMicros: this.world.now + LEASE_MICROS,
      choice: {
        nodeId: this.nodes.indexOf(chosen) + 1,
        distanceSquared: BigInt(distance(chosen)),
        considered: affordable.length,
        among: order.map((node) => this.nodes.indexOf(node) + 1),
      },
    };
    this.tasks.set(taskId, { match, tried, x, y, limitWei });
    this.tellTask({ taskId, node: chosen.node });
    return { matched: true, match };
  }
}
