import {
  type Delivery,
  inboxClient,
  type LaneMessage,
  type LaneRecord,
  outboxClient,
  type Settlement,
} from '../../contracts/index.ts';
import { keccak256 } from '../../crypto/index.ts';
import { type Environment, sleep } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import {
  RELAY_BATCH_GAS_MAX,
  RELAY_BATCH_MAX,
  RELAY_PAUSE_MICROS_MAX,
  RELAY_PAUSE_MICROS_MIN,
  RELAY_TURN_MICROS,
  RELAY_TURNS_MAX,
} from '../../limits.ts';
import type { LaneSource } from '../../oracle/index.ts';
import { growingPauseMicros } from '../growing-pause.ts';
import { createRootCarrier, type RootCarrier } from './root-carrier.ts';
import type { Sibling } from './siblings.ts';

interface Dependencies {
  readonly environment: Environment;
  /** The ledger to which the relay brings things. */
  readonly own: Sibling;
  readonly source: Sibling;
  readonly lanes: LaneSource;
}

/** Gas of one message beside what its target gets: its proof, its receipt, and what must be left over for `callExactly`. */
const MESSAGE_GAS = 300_000n;
const BYTE_GAS = 60n;
const BATCH_GAS = 200_000n;

/** Brings a ledger what another has for it. Everything that it does anyone may do, and nobody has to believe it. */
export interface LaneRelay {
  start(): void;
  stop(): void;
  /** Does what can be done now, whoever's turn it is; returns how many transactions that took. */
  step(): Promise<number>;
}

/**
 * Relays one lane into its own ledger: roots, messages in batches, statements that messages have expired, receipts of what this ledger sent
 * there, and giving up. What there is to do is read from the two ledgers each time, so a restart loses nothing. Several relays of one
 * lane take turns: who is first depends on what there is to do.
 */
export function createLaneRelay({ environment, own, source, lanes }: Dependencies): LaneRelay {
  const { log, metrics, clock } = environment;
  const peer = BigInt(source.chainId);
  const self = BigInt(own.chainId);
  const inbox = inboxClient(own.client);
  const outbox = outboxClient(own.client);
  const carrier: RootCarrier = createRootCarrier({ environment, own, source, lanes });
  const undelivered = new Map<bigint, LaneMessage>();
  let nextNonce = 1n;
  let stopped = false;
  let since: { readonly work: string; readonly micros: number } | undefined;

  const seconds = (): bigint => BigInt(Math.floor(clock.now() / 1e6));

  /** Messages without a receipt here, ascending: what is done is looked at no more, however much there ever was. */
  function undeliveredOf(incoming: LaneRecord, outgoing: LaneRecord): readonly LaneMessage[] {
    for (let next = incoming.messages.get(nextNonce); next !== undefined; next = incoming.messages.get(nextNonce)) {
      undelivered.set(nextNonce++, next);
    }
    for (const nonce of undelivered.keys()) if (outgoing.receipts.has(nonce)) undelivered.delete(nonce);
    return [...undelivered.values()];
  }

  async function read() {
    const terms = await carrier.terms();
    await Promise.all([source.lanes.readTo(source.ledger.head.number), own.lanes.readTo(own.ledger.head.number)]);
    const [incoming, outgoing] = [source.lanes.lane(self), own.lanes.lane(peer)];
    const messages = undeliveredOf(incoming, outgoing);
    const open = [...own.lanes.open(peer).values()];
    const receipts = open.filter(({ envelope }) => incoming.receipts.has(envelope.nonce));
    const { size, halted } = await inbox.lane(peer);
    return { terms, incoming, messages, open, receipts, size, halted };
  }
  type Standing = Awaited<ReturnType<typeof read>>;

  async function deliver({ incoming, messages, size, terms }: Standing): Promise<number> {
    const ready = messages.filter(({ index }) => BigInt(index) < size);
    const now = seconds();
    const overdue = ready.filter(({ envelope }) => envelope.expiresAt <= now);
    const place = (message: LaneMessage): Delivery => incoming.delivery(message.envelope.nonce, Number(size));
    let sent = 0;
    if (terms.paused || !terms.enabled) {
      for (const message of overdue.slice(0, RELAY_BATCH_MAX)) sent += await tried('expire', () => inbox.expire(place(message)));
      return sent;
    }
    const allowance = await inbox.allowance(peer);
    const left = { messages: Number(allowance.messages), bytes: Number(allowance.bytes) };
    // What has expired does not count against the rate, and goes along.
    const batch: LaneMessage[] = [];
    let gas = BATCH_GAS;
    for (const message of ready) {
      const isOverdue = message.envelope.expiresAt <= now;
      const bytes = message.data.length / 2 - 1;
      if (!isOverdue && (left.messages < 1 || left.bytes < bytes)) continue;
      const needed = MESSAGE_GAS + (BigInt(message.envelope.gas) * 64n) / 63n + BYTE_GAS * BigInt(bytes);
      if (batch.length === RELAY_BATCH_MAX || gas + needed > RELAY_BATCH_GAS_MAX) break;
      if (!isOverdue) [left.messages, left.bytes] = [left.messages - 1, left.bytes - bytes];
      gas += needed;
      batch.push(message);
    }
    if (batch.length === 0) return sent;
    return sent + (await tried('execute', () => inbox.execute(batch.map(place), { gas })));
  }

  async function settle({ incoming, receipts, size, terms }: Standing): Promise<number> {
    if (terms.paused) return 0;
    const batch: Settlement[] = [];
    let gas = BATCH_GAS;
    for (const { envelope } of receipts) {
      if (BigInt(incoming.receipts.get(envelope.nonce)?.index ?? Number.MAX_SAFE_INTEGER) >= size) continue;
      const needed = MESSAGE_GAS + (BigInt(envelope.callbackGas) * 64n) / 63n;
      if (batch.length === RELAY_BATCH_MAX || gas + needed > RELAY_BATCH_GAS_MAX) break;
      gas += needed;
      batch.push(incoming.settlement(envelope, Number(size)));
    }
    return batch.length === 0 ? 0 : tried('settle', () => outbox.settle(batch, { gas }));
  }

  async function giveUp({ open, terms }: Standing): Promise<number> {
    const now = seconds();
    const late = open.filter(({ envelope }) => envelope.expiresAt + BigInt(terms.graceSeconds) <= now);
    let sent = 0;
    for (const { envelope } of late.slice(0, RELAY_BATCH_MAX)) sent += await tried('giveUp', () => outbox.giveUp(envelope));
    return sent;
  }

  async function root(standing: Standing): Promise<number> {
    const { terms, messages, receipts, incoming, size, halted } = standing;
    const behind =
      messages.some(({ index }) => BigInt(index) >= size) ||
      receipts.some(({ envelope }) => BigInt(incoming.receipts.get(envelope.nonce)?.index ?? -1) >= size);
    if (!behind || halted || terms.paused) return 0;
    let moved = false;
    const sent = await tried('root', async () => {
      moved = await carrier.bring(size, terms);
    });
    return moved ? sent : 0;
  }

  /** One that fails does not keep the others from being tried: clearing up never waits for live work, nor the other way round. */
  async function tried(what: string, act: () => Promise<unknown>): Promise<number> {
    try {
      await act();
      metrics.count(`relay_${what}_total`);
      return 1;
    } catch (error) {
      // Somebody else was first, as a rule.
      const reason = error instanceof TreadleError ? `${error.code}: ${error.detail}` : String(error);
      log.debug('relay.not-done', { what, source: source.chainId, reason });
      metrics.count('relay_failed_total');
      if (!hasCode(error, 'CONTRACT_REVERTED')) log.warn('relay.trouble', { what, source: source.chainId, reason });
      return 0;
    }
  }

  async function act(standing: Standing): Promise<number> {
    let sent = 0;
    for (const part of [settle, deliver, giveUp, root]) sent += await part(standing);
    return sent;
  }

  /** Who is first changes with what there is to do; the others wait, and find it done as a rule. */
  function isOurTurn({ messages, receipts, open, size, terms }: Standing): boolean {
    const late = open.find(({ envelope }) => envelope.expiresAt + BigInt(terms.graceSeconds) <= seconds());
    const first = [messages[0], receipts[0], late].map((message) => message?.envelope.nonce ?? 0n);
    if (first.every((nonce) => nonce === 0n)) {
      since = undefined;
      return false;
    }
    const work = [size, ...first].join();
    if (since?.work !== work) since = { work, micros: clock.now() };
    const drawn = keccak256(new TextEncoder().encode(`${environment.node} ${peer} ${self} ${work}`))[0] ?? 0;
    return clock.now() - since.micros >= (drawn % RELAY_TURNS_MAX) * RELAY_TURN_MICROS;
  }

  function gauge({ messages, receipts, size }: Standing): void {
    metrics.gauge(`relay_${source.chainId}_undelivered`, messages.length);
    metrics.gauge(`relay_${source.chainId}_unsettled`, receipts.length);
    metrics.gauge(`relay_${source.chainId}_believed_leaves`, Number(size));
  }

  async function run(): Promise<void> {
    let idle = 0;
    while (!stopped) {
      try {
        const standing = await read();
        gauge(standing);
        const sent = isOurTurn(standing) ? await act(standing) : 0;
        idle = sent > 0 || since !== undefined ? 0 : idle + 1;
      } catch (error) {
        idle++;
        log.debug('relay.waits', { source: source.chainId, reason: String(error) });
      }
      const range = { min: RELAY_PAUSE_MICROS_MIN, max: RELAY_PAUSE_MICROS_MAX };
      await sleep(environment, growingPauseMicros(idle, range), 'messages to relay');
    }
  }

  return {
    start: () => void run(),
    stop() {
      stopped = true;
    },
    step: async () => act(await read()),
  };
}
