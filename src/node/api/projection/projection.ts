import { decodeFunctionData } from 'viem';
import { EDGE_REGISTRY_ADDRESS, edgeRegistryArtifact, PEDAL_ADDRESS, pedalArtifact } from '../../../contracts/index.ts';
import { type Hex, toAddress, toHex } from '../../../crypto/index.ts';
import type { Environment } from '../../../environment/index.ts';
import type { BlockRecord, HeaderRecord, LedgerView, ReceiptRecord } from '../../../ledger/index.ts';
import { API_FIRST_WAIT_MICROS, API_SCAN_SLICE_BLOCKS } from '../../../limits.ts';
import { bytesText } from '../decode/bytes-text.ts';
import type { IndexProgress } from '../types.ts';
import { type ChainCounts, createChainCounts } from './chain-counts.ts';
import { type ChainEvent, decodeChainEvent, type EventPlace } from './chain-event.ts';
import { type Channels, createChannels } from './channels.ts';
import { createDevices, type Devices } from './devices.ts';
import { createEdgeNodes, type EdgeNodes } from './edge-nodes.ts';
import { createLaneMessages, type LaneMessages } from './lane-messages.ts';
import type { Names } from './names.ts';
import { createOracleRequests, type OracleRequests } from './oracle-requests.ts';
import { createOracleTerms, type OracleTerms } from './oracle-terms.ts';
import { createTasks, type MatchRequest, type Tasks } from './tasks.ts';

/** Root of an empty transactions trie: such a block needs no body to be counted. */
export const EMPTY_TRANSACTIONS_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

/** What lists and counts show, made in memory of the node's own chain alone: there is no second database to fall behind. */
export interface Projection {
  readonly counts: ChainCounts;
  readonly edgeNodes: EdgeNodes;
  readonly tasks: Tasks;
  readonly devices: Devices;
  readonly channels: Channels;
  readonly requests: OracleRequests;
  readonly terms: OracleTerms;
  readonly messages: LaneMessages;
  progress(): IndexProgress;
  /** Starts reading the chain on the first call; resolves when it is read, or after a short wait with what there is by then. */
  ready(): Promise<void>;
  /** Called after each block that was read once the view is complete. */
  onChange(listener: (change: ProjectionChange) => void): () => void;
  stop(): void;
}

export interface ProjectionChange {
  readonly tasks: readonly Hex[];
  readonly channels: readonly Hex[];
  /** Numbers of oracle requests. */
  readonly requests: readonly string[];
  /** Ids of messages between ledgers. */
  readonly messages: readonly string[];
}

interface ProjectionOptions {
  readonly environment: Pick<Environment, 'clock' | 'log'>;
  readonly ledger: LedgerView;
  readonly names: Names;
}

export function createProjection({ environment, ledger, names }: ProjectionOptions): Projection {
  const { clock, log } = environment;
  const parts = {
    counts: createChainCounts(),
    edgeNodes: createEdgeNodes(),
    tasks: createTasks(),
    devices: createDevices(),
    channels: createChannels(),
    requests: createOracleRequests(),
    terms: createOracleTerms(),
    messages: createLaneMessages(),
  };
  const listeners = new Set<(change: ProjectionChange) => void>();
  let nextBlock = 0;
  let reading: Promise<void> | undefined;
  let unsubscribe: (() => void) | undefined;
  let stopped = false;

  const apply = (header: HeaderRecord, block: BlockRecord | undefined, receipts: readonly ReceiptRecord[]): void => {
    const changed: Changed = { tasks: new Set(), channels: new Set(), requests: new Set(), messages: new Set() };
    for (const receipt of receipts) {
      const place = placeOf(header, receipt);
      for (const record of receipt.logs) {
        const event = decodeChainEvent(record);
        if (event !== undefined) applyEvent(parts, names, { event, place, block, receipt }, changed);
      }
    }
    const reverted = receipts.reduce((sum, receipt) => sum + (receipt.status === 0 ? 1 : 0), 0);
    parts.counts.add({ number: header.number, timestampMs: header.timestampMs, transactions: receipts.length, reverted });
    nextBlock = header.number + 1;
    const change = {
      tasks: [...changed.tasks],
      channels: [...changed.channels],
      requests: [...changed.requests],
      messages: [...changed.messages],
    };
    if (nextBlock > ledger.head.number) for (const listener of [...listeners]) listener(change);
  };

  const readOne = async (number: number): Promise<void> => {
    const header = await ledger.header(number);
    if (header === undefined) throw new Error(`block ${number} is missing from this node's own chain`);
    // What is no longer kept leaves its mark in the counts only.
    const isPruned = number < ledger.firstBlock();
    if (isPruned || header.transactionsRoot === EMPTY_TRANSACTIONS_ROOT) return apply(header, undefined, []);
    const [block, receipts] = await Promise.all([ledger.block(number), ledger.receipts(number)]);
    apply(header, block, receipts ?? []);
  };
  const readToHead = async (): Promise<void> => {
    let slice = 0;
    while (!stopped && nextBlock <= ledger.head.number) {
      await readOne(nextBlock);
      slice += 1;
      if (slice % API_SCAN_SLICE_BLOCKS === 0) await pause();
    }
  };
  const pause = (): Promise<void> => new Promise((resolve) => void clock.set(0, resolve, 'api: reading the chain'));
  const read = (): void => {
    reading ??= readToHead().then(
      () => {
        reading = undefined;
        // A block may have come between the loop's last look and this line.
        if (!stopped && nextBlock <= ledger.head.number) read();
      },
      (error: unknown) => {
        // The next block starts another attempt.
        reading = undefined;
        log.error('api.projection-failed', { block: nextBlock, error: String(error) });
      },
    );
  };
  const follow = (block: BlockRecord, receipts: readonly ReceiptRecord[]): void => {
    // While old blocks are being read, the loop gets to this one by itself.
    if (reading === undefined && block.header.number === nextBlock) apply(block.header, block, receipts);
    else read();
  };

  return {
    ...parts,
    progress() {
      const target = ledger.head.number;
      return { done: nextBlock > target, height: Math.min(target, Math.max(0, nextBlock - 1)), target };
    },
    async ready() {
      if (nextBlock > ledger.head.number) return;
      unsubscribe ??= ledger.onHead(follow);
      read();
      await withinWait(reading ?? Promise.resolve(), clock);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop() {
      stopped = true;
      unsubscribe?.();
    },
  };
}

interface EventContext {
  readonly event: ChainEvent;
  readonly place: EventPlace;
  readonly block: BlockRecord | undefined;
  readonly receipt: ReceiptRecord;
}

type Parts = Pick<Projection, 'edgeNodes' | 'tasks' | 'devices' | 'channels' | 'requests' | 'terms' | 'messages'>;

interface Changed {
  readonly tasks: Set<Hex>;
  readonly channels: Set<Hex>;
  readonly requests: Set<string>;
  readonly messages: Set<string>;
}

function applyEvent(parts: Parts, names: Names, context: EventContext, changed: Changed): void {
  const { event, place } = context;
  applyNames(names, event);
  parts.edgeNodes.apply(event, place);
  const task = parts.tasks.apply(event, place, () => requestOf(context));
  if (task !== undefined) changed.tasks.add(task);
  parts.devices.apply(event, place, task === undefined ? undefined : parts.tasks.get(task));
  const channel = parts.channels.apply(event, place);
  if (channel !== undefined) changed.channels.add(channel);
  for (const request of parts.requests.apply(event, place)) changed.requests.add(request);
  for (const message of parts.messages.apply(event, place)) changed.messages.add(message);
  parts.terms.apply(event, place, () => proofOf(context));
}

function applyNames(names: Names, event: ChainEvent): void {
  switch (event.eventName) {
    case 'CompanyAdded':
      return names.setCompany(toAddress(event.args.account), event.args.name);
    case 'ProxyReplaced':
      return names.setProxy(toAddress(event.args.current));
    case 'ObserverRegistered':
      return names.setOwner(toAddress(event.args.observer), toAddress(event.args.company));
    case 'NodeAdded':
      names.setOwner(toAddress(event.args.node), toAddress(event.args.company));
      return names.setLabel(toAddress(event.args.node), `Edge node ${event.args.nodeId}`);
  }
}

function placeOf(header: HeaderRecord, receipt: ReceiptRecord): EventPlace {
  return {
    blockNumber: header.number,
    timestampMs: header.timestampMs,
    transactionHash: receipt.transactionHash,
    from: receipt.from,
  };
}

/** The proof that a node showed for its number, where it called the contract directly. */
function proofOf({ block, receipt }: EventContext): Hex | undefined {
  const transaction = block?.transactions[receipt.transactionIndex];
  if (transaction === undefined || receipt.to !== PEDAL_ADDRESS) return undefined;
  try {
    const call = decodeFunctionData({ abi: pedalArtifact.abi, data: toHex(transaction.data) });
    if (call.functionName === 'elect') return call.args[1];
    return call.functionName === 'answer' || call.functionName === 'answerMany' ? call.args[2].proof : undefined;
  } catch {
    return undefined;
  }
}

/** The `requestMatch` call of the transaction that an event came from, if it was called directly. */
function requestOf({ block, receipt }: EventContext): MatchRequest | undefined {
  const transaction = block?.transactions[receipt.transactionIndex];
  if (transaction === undefined || receipt.to !== EDGE_REGISTRY_ADDRESS) return undefined;
  try {
    const call = decodeFunctionData({ abi: edgeRegistryArtifact.abi, data: toHex(transaction.data) });
    if (call.functionName !== 'requestMatch') return undefined;
    const [, latitudeE6, longitudeE6, service, maxPriceWei] = call.args;
    return { latitudeE6, longitudeE6, service: bytesText(service), maxPriceWei };
  } catch {
    return undefined;
  }
}

async function withinWait(work: Promise<void>, clock: Environment['clock']): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.set(API_FIRST_WAIT_MICROS, resolve, 'api: first view of the chain');
    void work.then(() => {
      clock.cancel(timer);
      resolve();
    });
  });
}
