import type { Logger } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { REOPEN_BLOCKS_MAX } from '../../limits.ts';
import type { Executor, GenesisState } from '../execution/executor.ts';
import { genesisHeader } from '../execution/genesis-state.ts';
import type { Genesis } from '../genesis.ts';
import { type HeldState, isAccountWhole } from '../storage/held-state.ts';
import { ChainHead } from './chain-head.ts';
import type { ChainStore, StoredHead } from './chain-store.ts';
import type { Header } from './header.ts';

export interface OpenedChain {
  readonly head: ChainHead;
  readonly genesis: Header;
  /** The newest block whose governance contract can be read from this disk alone. */
  readonly readable: number;
}

interface Parts {
  readonly store: ChainStore;
  readonly executor: Executor;
  readonly held: HeldState;
  readonly genesis: Genesis;
  readonly state: GenesisState;
  readonly log: Logger;
}

/** States before the head's that are looked at, when that cannot be read, before genesis is taken. */
const OLDER_STATES = 4;

/**
 * Finds where the chain on the disk ends, or writes block 0 on an empty disk. A damaged disk opens all the same: at the
 * newest block that can be read as a whole, with what is lost of its state left to be fetched from peers.
 *
 * @throws TreadleError GENESIS_OTHER_CHAIN
 */
export async function openChain(parts: Parts): Promise<OpenedChain> {
  const { store, executor, genesis, state, log } = parts;
  const first = genesisHeader(genesis, state.stateRoot);
  const recorded = await store.open();
  if (recorded === undefined) {
    const stateOperations = executor.store.stage(state.nodes);
    await store.append({ header: first, transactions: [], outcomes: [], transactionCount: 0, stateOperations });
    return { head: new ChainHead(first, 0), genesis: first, readable: 0 };
  }
  const stored = await store.peekHeader(0);
  if (stored !== undefined && stored.header.hash !== first.hash)
    throw new TreadleError('GENESIS_OTHER_CHAIN', { data: { stored: stored.header.hash, given: first.hash } });
  // A store in memory is empty after a restart of the process.
  if (parts.held.onDisk === undefined && (await parts.held.read(first.stateRoot.slice(2))) === undefined)
    executor.store.stage(state.nodes);
  const head = await findHead(parts, first, recorded);
  if (recorded === 'damaged' || head.header.number !== recorded.number)
    log.error('ledger-head-damaged', {
      recorded: recorded === 'damaged' ? 'unreadable' : recorded.number,
      height: head.header.number,
    });
  return { head, genesis: first, readable: await findReadable(parts, head.header) };
}

async function findHead({ store }: Parts, genesis: Header, recorded: StoredHead | 'damaged'): Promise<ChainHead> {
  if (recorded !== 'damaged') {
    const header = recorded.number === 0 ? genesis : (await store.peekHeader(recorded.number))?.header;
    if (header?.hash === recorded.hash) return new ChainHead(header, recorded.transactionCount);
  }
  const top = recorded === 'damaged' ? await store.lastBody() : recorded.number;
  const oldest = Math.max(1, store.firstBlock, top - REOPEN_BLOCKS_MAX);
  for (let number = top; number >= oldest; number--) {
    // With its header, the rest of a block can be had again from anybody.
    const stored = await store.peekHeader(number);
    if (stored !== undefined) return new ChainHead(stored.header, await countUpTo(store, number));
  }
  return new ChainHead(genesis, 0);
}

/** Transactions up to a block: from the nearest record that says it, and the bodies since. */
async function countUpTo(store: ChainStore, number: number): Promise<number> {
  let count = 0;
  for (let at = number; at >= store.firstBlock; at--) {
    const known = (await store.peekHeader(at))?.transactionCount;
    if (known !== undefined) return count + known;
    count += (await store.peekContent(at))?.body.length ?? 0;
  }
  return count;
}

async function findReadable({ store, held, genesis, state, executor, log }: Parts, head: Header): Promise<number> {
  const oldest = Math.max(1, head.number - OLDER_STATES);
  for (let number = head.number; number >= oldest; number--) {
    const header = number === head.number ? head : (await store.peekHeader(number))?.header;
    if (header !== undefined && (await isAccountWhole(header.stateRoot, genesis.governance, held))) {
      if (number < head.number) log.error('ledger-state-damaged', { height: head.number, readable: number });
      return number;
    }
  }
  // The state of block 0 is made from the genesis file, so it can always be had.
  const operations = executor.store.stage(state.nodes);
  if (operations.length > 0) await store.exclusively((table) => table.batch(operations, { sync: true }));
  if (head.number > 0) log.error('ledger-state-damaged', { height: head.number, readable: 0 });
  return 0;
}
