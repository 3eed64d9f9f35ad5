import { fromHex, type Hex, keccak256, toAddress, toHex } from '../../crypto/index.ts';
import type { Logger, Metrics } from '../../environment/index.ts';
import { hasCode, invariant, TreadleError } from '../../errors.ts';
import { REPAIRS_AT_ONCE_MAX } from '../../limits.ts';
import type { ChainMender, ChainStore, Place, StoredHeader } from '../chain/chain-store.ts';
import type { Header } from '../chain/header.ts';
import { decodeOutcomes, encodeConsensusReceipt, type Outcome } from '../chain/receipt-codec.ts';
import { stateKey } from '../execution/state-store.ts';
import type { CertificateVerifier } from '../ledger.ts';
import { badPiece, type Pieces } from '../peers/pieces.ts';
import { decodeTransaction, type SignedTransaction } from '../pool/transaction-codec.ts';
import { encode } from '../rlp-fields.ts';
import { orderedTrie } from '../trie/ordered-trie.ts';

export interface RepairOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly chainId: number;
  readonly store: ChainStore;
  readonly pieces: Pieces;
  readonly genesis: Header;
  /** The head is in memory, so it is what every older header is checked against. */
  readonly head: () => Header;
  readonly verifyCertificate: CertificateVerifier;
}

/**
 * Replaces what the disk has lost by what peers have. Nothing is believed: a header must be the parent that the next one
 * names, its certificate must carry a quorum, a body and its receipts must have the roots in the header, state its hash.
 */
export class Repair implements ChainMender {
  private readonly options: RepairOptions;
  private readonly running = new Map<string, Promise<unknown>>();

  constructor(options: RepairOptions) {
    this.options = options;
  }

  header(number: number): Promise<StoredHeader> {
    return this.once(`header ${number}`, () => this.mendHeader(number));
  }

  body(number: number): Promise<readonly Uint8Array[]> {
    return this.once(`body ${number}`, async () => {
      const { store, pieces } = this.options;
      const { transactionsRoot, hash } = await this.headerOf(number);
      const fits = (raws: readonly Uint8Array[]): boolean => orderedTrie(raws).root === transactionsRoot;
      const block = fits([]) ? undefined : await pieces.block(number, (b) => b.header.hash === hash && fits(b.transactions));
      if (block === undefined && !fits([])) throw nobodyHas(`the body of block ${number}`);
      const body = block?.transactions ?? [];
      await this.keep(() => store.restore({ number, body }));
      return body;
    });
  }

  outcomes(number: number): Promise<readonly Outcome[]> {
    return this.once(`receipts ${number}`, async () => {
      const { store, pieces, chainId } = this.options;
      const header = await this.headerOf(number);
      const transactions = (await store.body(number)).map((raw) => decodeTransaction(raw, chainId));
      const outcomes = await pieces.receipts(number, (stored) => provedOutcomes(stored, header, transactions));
      if (outcomes === undefined) throw nobodyHas(`the receipts of block ${number}`);
      await this.keep(() => store.restore({ number, outcomes }));
      return outcomes;
    });
  }

  numberOf(hash: Hex): Promise<number> {
    return this.once(`number ${hash}`, async () => {
      const { store, pieces, head } = this.options;
      const isIt = async ({ number }: Place): Promise<boolean> =>
        number <= head().number && (await store.header(number))?.header.hash === hash;
      const found = await pieces.find(hash, isIt);
      // The record is there and cannot be read: "unknown" would be a false answer.
      if (found === undefined) throw nobodyHas(`the number of block ${hash}`);
      await this.keep(() => store.restore({ hash, number: found.number }));
      return found.number;
    });
  }

  place(hash: Hex): Promise<Place> {
    return this.once(`place ${hash}`, async () => {
      const { store, pieces, head } = this.options;
      const isIt = async ({ number, index }: Place): Promise<boolean> => {
        if (number > head().number || number < store.firstBlock) return false;
        const raw = (await store.body(number))[index];
        return raw !== undefined && toHex(keccak256(raw)) === hash;
      };
      const place = await pieces.find(hash, isIt);
      if (place === undefined) throw nobodyHas(`the place of transaction ${hash}`);
      await this.keep(() => store.restore({ hash, place }));
      return place;
    });
  }

  /** A trie node or code, by its hash without `0x`; undefined when no peer has it. */
  stateNode(hash: string): Promise<Uint8Array | undefined> {
    return this.once(`state ${hash}`, async () => {
      const { pieces, store } = this.options;
      const node = (await pieces.nodes([hash])).get(hash);
      if (node === undefined) return undefined;
      const put = { type: 'put', key: stateKey(hash), value: node } as const;
      await this.keep(() => store.exclusively((table) => table.batch([put], { sync: true })));
      return node;
    });
  }

  private async mendHeader(number: number): Promise<StoredHeader> {
    const { store, genesis, head } = this.options;
    invariant(number <= head().number, 'a header is mended only up to the head', { number });
    const known = number === 0 ? { header: genesis } : await this.certifiedHeader(number);
    await this.keep(() => store.restore({ header: known }));
    return known;
  }

  private async certifiedHeader(number: number): Promise<StoredHeader> {
    const { pieces, head, verifyCertificate } = this.options;
    const expected = number === head().number ? head().hash : (await this.headerOf(number + 1)).parentHash;
    let parent: Header | undefined;
    const accept = async ({ header, certificate }: StoredHeader): Promise<boolean> => {
      if (header.hash !== expected || certificate === undefined) return false;
      parent ??= await this.parentOf(header);
      const isItsOwn = certificate.digest === header.hash && certificate.height === header.number;
      return isItsOwn && verifyCertificate(certificate, parent.nextSealers) === undefined;
    };
    const stored = await pieces.header(number, accept);
    if (stored?.certificate === undefined) throw nobodyHas(`the header of block ${number}`);
    // How many transactions there were so far is not proved by anything, so it is not taken over.
    return { header: stored.header, certificate: stored.certificate };
  }

  /** Of the parent, the hash is known: its certificate need not be looked at to learn who votes after it. */
  private async parentOf(header: Header): Promise<Header> {
    const { store, pieces, genesis } = this.options;
    const number = header.number - 1;
    if (number === 0) return genesis;
    const known = await store.peekHeader(number);
    if (known !== undefined) return known.header;
    const fetched = await pieces.header(number, (stored) => stored.header.hash === header.parentHash);
    if (fetched === undefined) throw nobodyHas(`the header of block ${number}`);
    return fetched.header;
  }

  private async headerOf(number: number): Promise<Header> {
    const { head, store } = this.options;
    if (number === head().number) return head();
    const stored = await store.header(number);
    if (stored === undefined) throw nobodyHas(`the header of block ${number}`);
    return stored.header;
  }

  /** Stores what was mended. On a full disk it serves all the same: whoever asks for it later fetches it anew. */
  private async keep(write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!hasCode(error, 'DISK_FULL')) throw error;
      this.options.metrics.count('storage_mended_unkept_total');
    }
  }

  /** Whoever needs the same thing meanwhile waits for the same repair. */
  private once<T>(what: string, mend: () => Promise<T>): Promise<T> {
    const running = this.running.get(what);
    if (running !== undefined) return running as Promise<T>;
    if (this.running.size >= REPAIRS_AT_ONCE_MAX) return Promise.reject(nobodyHas(`${what}, for too much is being repaired,`));
    const repair = this.noted(what, mend).finally(() => this.running.delete(what));
    this.running.set(what, repair);
    return repair;
  }

  private async noted<T>(what: string, mend: () => Promise<T>): Promise<T> {
    const { log, metrics } = this.options;
    metrics.count('storage_damaged_total');
    try {
      const mended = await mend();
      if (mended === undefined) log.warn('storage-not-repaired', { what });
      else {
        metrics.count('storage_repaired_total');
        log.warn('storage-repaired', { what });
      }
      return mended;
    } catch (error) {
      log.warn('storage-not-repaired', { what, reason: error instanceof TreadleError ? error.detail : String(error) });
      throw error;
    }
  }
}

/**
 * Receipts that a peer has stored, held to the root in the header. What the root does not cover is made anew from the
 * transactions; what a failed call answered cannot be, and is left out.
 */
export function provedOutcomes(
  stored: Uint8Array,
  header: Header,
  transactions: readonly SignedTransaction[],
): readonly Outcome[] {
  const told = decodeOutcomes(stored);
  if (told.length !== transactions.length || orderedTrie(told.map(encodeConsensusReceipt)).root !== header.receiptsRoot)
    throw badPiece(`the receipts of block ${header.number} are not its own`);
  return told.map((outcome, at) => {
    const { transaction, sender, hash } = transactions[at] as SignedTransaction;
    const { status, gasUsed, cumulativeGasUsed, logs, logsBloom } = outcome;
    const to = transaction.to === undefined ? undefined : toAddress(transaction.to.toString());
    const created = to === undefined && status === 1 ? createdBy(sender, transaction.nonce) : undefined;
    const own = { from: sender, to, contractAddress: created, type: outcome.type, transactionHash: hash };
    return { status, gasUsed, cumulativeGasUsed, logs, logsBloom, ...own };
  });
}

/** The address of the contract that a transaction creates: of its sender and nonce. */
function createdBy(sender: Hex, nonce: bigint): Outcome['contractAddress'] {
  return toAddress(toHex(keccak256(encode([fromHex(sender), nonce])).subarray(12)));
}

function nobodyHas(what: string): TreadleError {
  return new TreadleError('LEDGER_DAMAGED', { detail: `${what} cannot be read, and no connected peer has it` });
}
