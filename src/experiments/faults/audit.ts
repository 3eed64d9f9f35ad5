import { verifyCertificate } from '../../consensus/index.ts';
import { genesisDomain } from '../../consortium/index.ts';
import { createLightClient } from '../../ledger/index.ts';
import { FAULT_ACCOUNTS } from '../../limits.ts';
import type { LedgerNode } from '../../node/index.ts';
import type { ChainWatch } from './chain-watch.ts';
import { movedWei, receiverOf } from './client-transactions.ts';
import type { FaultCluster, FaultSeat } from './fault-cluster.ts';
import { ACCOUNT_BALANCE_WEI, accountKey } from './layout.ts';
import type { Verdict } from './verdict.ts';
import type { Workload } from './workload.ts';

export interface Audited {
  readonly cluster: FaultCluster;
  readonly chain: ChainWatch;
  readonly load: Workload;
  readonly verdict: Verdict;
  /** Honest nodes with a ledger that are up: sealers and observers. */
  readonly honest: readonly FaultSeat[];
}

/** Every block of a small consortium is compared at every node; of a large one a part, spread evenly. */
const COMPARISONS_MAX = 1_500;
const ACCOUNTS_COMPARED = 8;

/** Looks at the finished run: chains, executed state, certificates, and what clients were promised. */
export async function audit(run: Audited): Promise<void> {
  const ledgers = run.honest.flatMap(({ node, name }) => (node === undefined ? [] : [{ name, node }]));
  await run.cluster.world.run(
    Promise.all([
      ...ledgers.map((each) => compareChain(run, each)),
      ...ledgers.map((each) => compareState(run, each, ledgers.length)),
    ]),
  );
  const [first] = ledgers;
  if (first !== undefined) await run.cluster.world.run(followLightly(run, first.node));
  checkPromises(run);
}

async function compareChain(run: Audited, { name, node }: { readonly name: string; readonly node: LedgerNode }): Promise<void> {
  const { ledger } = node.full;
  const top = Math.min(ledger.head.number, run.chain.height);
  const step = Math.max(1, Math.ceil((top * run.honest.length) / COMPARISONS_MAX));
  for (let number = top; number >= 1; number -= step) {
    const header = await ledger.header(number);
    const seen = run.chain.blocks[number - 1];
    // A node that joined by snapshot, or prunes, does not keep old blocks.
    if (header === undefined || seen === undefined) continue;
    if (header.hash !== seen.hash)
      run.verdict.violated('fork', `${name} keeps ${header.hash} at ${number}, the chain has ${seen.hash}`);
    if (header.stateRoot !== seen.stateRoot) run.verdict.violated('state', `${name} has another state root at ${number}`);
  }
}

/** The state that a node executed, against what the transfers in the chain add up to. */
async function compareState(
  run: Audited,
  { name, node }: { readonly name: string; readonly node: LedgerNode },
  nodes: number,
): Promise<void> {
  if (node.full.ledger.head.number !== run.chain.height) return;
  const books = booksOf(run);
  const accounts = Math.max(1, Math.min(FAULT_ACCOUNTS, Math.ceil((ACCOUNTS_COMPARED * 5) / nodes)));
  for (let account = 0; account < accounts; account++) {
    const expected = books[account] as Book;
    const found = await node.full.ledger.account(accountKey(account).address, 'latest');
    if (found?.balance === expected.balance && found.nonce === expected.nonce) continue;
    run.verdict.violated(
      'state',
      `${name} says account ${account} has ${found?.balance} wei and nonce ${found?.nonce}; the chain gives ${expected.balance} and ${expected.nonce}`,
    );
  }
}

interface Book {
  balance: bigint;
  nonce: bigint;
}

function booksOf({ load, chain }: Audited): readonly Book[] {
  const books: Book[] = Array.from({ length: FAULT_ACCOUNTS }, () => ({ balance: ACCOUNT_BALANCE_WEI, nonce: 0n }));
  for (const { hash, account, nonce, wish } of load.transactions.values()) {
    if (!chain.included.has(hash)) continue;
    const value = movedWei(account, nonce, wish);
    const receiver = receiverOf(account, nonce, wish);
    const from = books[account] as Book;
    from.balance -= value;
    from.nonce += 1n;
    if (receiver !== undefined) (books[receiver] as Book).balance += value;
  }
  return books;
}

/** Follows the chain as a light client does, from the genesis header and the certificates alone. */
async function followLightly({ cluster, chain, verdict }: Audited, node: LedgerNode): Promise<void> {
  const { ledger } = node.full;
  const genesis = await ledger.header(0);
  if (genesis === undefined) return;
  const domain = genesisDomain(cluster.genesis);
  const client = createLightClient({
    trustedHeader: genesis.rlp,
    verifyCertificate: (certificate, sealers) => verifyCertificate(domain, certificate, sealers),
  });
  for (let number = 1; number <= Math.min(ledger.head.number, chain.height); number++) {
    const block = await ledger.certified(number);
    if (block?.certificate === undefined) continue;
    try {
      client.accept(block.header.rlp, block.certificate);
    } catch (error) {
      verdict.violated('certificate', `block ${number}: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
  }
}

/** Each acknowledged transaction is in the chain; that none is there twice was watched as the blocks came. */
function checkPromises({ load, chain, verdict }: Audited): void {
  for (const { hash, ackedBy } of load.transactions.values()) {
    if (ackedBy !== undefined && !chain.included.has(hash)) {
      verdict.violated('lost', `transaction ${hash}, acknowledged by ${ackedBy.name}, is in no block`);
    }
  }
}
