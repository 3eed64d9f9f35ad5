import { messageOutcomes } from '../../../contracts/index.ts';
import { type Address, type Hex, toAddress } from '../../../crypto/index.ts';
import { API_MESSAGES_KEPT_MAX } from '../../../limits.ts';
import type { LaneMessageState } from '../types.ts';
import { addStep } from './bounded-history.ts';
import type { ChainEvent, EventPlace } from './chain-event.ts';
import { createRecentList } from './recent-list.ts';

/** A message between ledgers as this one's events tell: one that it sent, or one that reached it. */
export interface MessageEntry {
  /** `out-PEER-NONCE` or `in-PEER-NONCE`. */
  readonly id: string;
  readonly outgoing: boolean;
  /** Chain id of the other ledger. */
  readonly peer: string;
  readonly nonce: string;
  /** Who sent it; of an incoming one the other ledger knows. */
  readonly sender: Address | undefined;
  readonly target: Address;
  state: LaneMessageState;
  readonly firstMs: number;
  endedMs: number | undefined;
  readonly expiresMs: number | undefined;
  readonly depositWei: bigint | undefined;
  /** What was sent, or what the target returned. */
  readonly data: Hex;
  readonly steps: { readonly what: string; readonly place: EventPlace }[];
}

/** What this ledger believes of a lane that reaches it. */
export interface RootEntry {
  readonly size: number;
  readonly root: Hex;
  readonly height: number;
  readonly way: 'group' | 'certificate' | 'both';
  readonly place: EventPlace;
}

export interface LaneMessages {
  /** Applies an event; returns the ids of the messages that it changed. */
  apply(event: ChainEvent, place: EventPlace): readonly string[];
  get(id: string): MessageEntry | undefined;
  newest(): Iterable<MessageEntry>;
  /** Chain ids of the ledgers that messages went to or came from, or of which a root was shown. */
  peers(): readonly string[];
  latestRoot(peer: string): RootEntry | undefined;
}

const WAYS = ['group', 'group', 'certificate', 'both'] as const;

/** "givenUp" as people say it. */
function stateOf(outcome: number): LaneMessageState {
  const name = messageOutcomes[outcome] ?? 'none';
  return name === 'givenUp' ? 'given up' : name === 'none' ? 'sent' : name;
}

export function createLaneMessages(): LaneMessages {
  const messages = createRecentList<MessageEntry>({ limit: API_MESSAGES_KEPT_MAX, droppable: ({ state }) => state !== 'sent' });
  // The companies set lanes up by vote, so there are few.
  const roots = new Map<string, RootEntry | undefined>();
  const meet = (peer: string): void => {
    if (!roots.has(peer)) roots.set(peer, undefined);
  };

  const outgoing = (event: Extract<ChainEvent, { source: 'outbox' }>, place: EventPlace): readonly string[] => {
    if (event.eventName === 'Sent') {
      const { destination, nonce, sender, envelope, data } = event.args;
      const peer = destination.toString();
      const id = `out-${peer}-${nonce}`;
      meet(peer);
      messages.add(id, {
        id,
        outgoing: true,
        peer,
        nonce: nonce.toString(),
        sender: toAddress(sender),
        target: toAddress(envelope.target),
        state: 'sent',
        firstMs: place.timestampMs,
        endedMs: undefined,
        expiresMs: Number(envelope.expiresAt) * 1000,
        depositWei: envelope.depositWei,
        data,
        steps: [{ what: 'sent', place }],
      });
      return [id];
    }
    if (event.eventName !== 'Settled' && event.eventName !== 'Delivered') return [];
    const message = messages.get(`out-${event.args.destination}-${event.args.nonce}`);
    if (message === undefined) return [];
    if (event.eventName === 'Delivered') {
      addStep(message.steps, { what: event.args.worked ? 'taken by its sender' : 'not taken by its sender’s contract', place });
      return [message.id];
    }
    message.state = stateOf(event.args.outcome);
    message.endedMs = place.timestampMs;
    addStep(message.steps, { what: `settled: ${message.state}`, place });
    return [message.id];
  };
  const incoming = (event: Extract<ChainEvent, { source: 'inbox' }>, place: EventPlace): readonly string[] => {
    if (event.eventName === 'RootShown') {
      const { source, size, root, way, height } = event.args;
      const entry = { size: Number(size), root, height: Number(height), way: WAYS[way] ?? 'group', place };
      if (entry.size >= (roots.get(source.toString())?.size ?? 0)) roots.set(source.toString(), entry);
      return [];
    }
    if (event.eventName !== 'Done') return [];
    const { source, nonce, target, outcome, data } = event.args;
    const peer = source.toString();
    const id = `in-${peer}-${nonce}`;
    meet(peer);
    const state = stateOf(outcome);
    messages.add(id, {
      id,
      outgoing: false,
      peer,
      nonce: nonce.toString(),
      sender: undefined,
      target: toAddress(target),
      state,
      firstMs: place.timestampMs,
      endedMs: place.timestampMs,
      expiresMs: undefined,
      depositWei: undefined,
      data,
      steps: [{ what: `${state} here; its receipt goes back`, place }],
    });
    return [id];
  };

  return {
    apply(event, place) {
      if (event.source === 'outbox') return outgoing(event, place);
      return event.source === 'inbox' ? incoming(event, place) : [];
    },
    get: (id) => messages.get(id),
    newest: () => messages.newest(),
    peers: () => [...roots.keys()],
    latestRoot: (peer) => roots.get(peer),
  };
}
