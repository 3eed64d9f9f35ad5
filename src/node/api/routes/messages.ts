import { inboxClient, outboxClient, sourceHeadersClient } from '../../../contracts/index.ts';
import { TreadleError } from '../../../errors.ts';
import type { ChainContext } from '../context.ts';
import type { MessageEntry } from '../projection/lane-messages.ts';
import type { LaneMessageDetail, LaneMessageRow, LanesView, LaneView, Page } from '../types.ts';
import { orNull } from './oracle-term.ts';
import { containsText, pageOf } from './page-of.ts';

interface MessageListQuery {
  readonly offset: number;
  readonly limit: number;
  readonly search: string;
  readonly state: string;
  readonly direction: '' | 'out' | 'in';
  /** A chain id. */
  readonly peer: string;
}

function messageRow(entry: MessageEntry, { names }: Pick<ChainContext, 'names'>): LaneMessageRow {
  return {
    id: entry.id,
    direction: entry.outgoing ? 'out' : 'in',
    peer: entry.peer,
    nonce: entry.nonce,
    state: entry.state,
    sender: entry.sender === undefined ? null : names.partyOf(entry.sender),
    target: entry.target,
    firstMs: entry.firstMs,
    endedMs: entry.endedMs ?? null,
    expiresMs: entry.expiresMs ?? null,
  };
}

/** Messages between ledgers, newest first: those that this ledger sent, and those that reached it. */
export function listMessages(
  { projection, names }: ChainContext,
  { search, state, direction, peer, ...page }: MessageListQuery,
): Page<LaneMessageRow> {
  const keep = (entry: MessageEntry): boolean =>
    (state === '' || entry.state === state) &&
    (direction === '' || entry.outgoing === (direction === 'out')) &&
    (peer === '' || entry.peer === peer) &&
    containsText(search, [entry.id, entry.target, entry.sender, entry.sender && names.partyOf(entry.sender).name]);
  return pageOf(projection.messages.newest(), { ...page, keep, row: (entry) => messageRow(entry, { names }) });
}

/** @throws {@link TreadleError} API_NOT_FOUND */
export function showMessage({ projection, names }: ChainContext, id: string): LaneMessageDetail {
  const entry = projection.messages.get(id.toLowerCase());
  if (entry === undefined) {
    throw new TreadleError('API_NOT_FOUND', { detail: `No message ${id.slice(0, 60)} is remembered on this ledger` });
  }
  return {
    ...messageRow(entry, { names }),
    depositWei: entry.depositWei?.toString() ?? null,
    data: entry.data,
    history: entry.steps.map(({ what, place }) => ({
      what,
      blockNumber: place.blockNumber,
      timestampMs: place.timestampMs,
      transactionHash: place.transactionHash,
      by: names.partyOf(place.from),
    })),
  };
}

/** The ledgers that this one exchanges messages with, and what it believes of each. */
export async function showLanes(context: ChainContext): Promise<LanesView> {
  const { ledger, projection } = context;
  const { number, timestampMs } = ledger.head;
  const lanes = await Promise.all(projection.messages.peers().map((peer) => laneView(context, peer)));
  return { chainId: ledger.chainId, head: number, headMs: timestampMs, lanes };
}

async function laneView({ oracle, projection }: ChainContext, peer: string): Promise<LaneView> {
  const chainId = BigInt(peer);
  const [out, incoming, known] = await Promise.all([
    orNull(outboxClient(oracle.client).lane(chainId)),
    orNull(inboxClient(oracle.client).lane(chainId)),
    orNull(sourceHeadersClient(oracle.client).ledger(chainId)),
  ]);
  const root = projection.messages.latestRoot(peer);
  let done = 0;
  for (const entry of projection.messages.newest()) if (!entry.outgoing && entry.peer === peer) done += 1;
  return {
    peer,
    sent: out === null ? null : Number(out.sent),
    open: out === null ? null : Number(out.open),
    outgoingRoot: out?.root ?? null,
    received: done,
    halted: incoming?.halted ?? false,
    believed:
      root === undefined
        ? null
        : { size: root.size, root: root.root, height: root.height, way: root.way, sinceMs: root.place.timestampMs },
    knownHeight: known === null || known.height === 0n ? null : Number(known.height),
    frozen: known?.frozen ?? false,
  };
}
