import type { Address, Hex } from '../../crypto/index.ts';
import type { Certificate } from '../ledger.ts';

/** What `treadle_` methods report beyond the ledger; plugged in by `node/`. Reports are plain JSON: no bigints. */
export interface TreadlePort {
  consensus(): ConsensusReport;
  /** Every node this one knows of, connected or not. */
  peers(): readonly PeerReport[];
  membership(): Promise<MembershipReport>;
  node(): NodeReport;
  /** Who signed a certificate, in the order of its signatures. What was signed is known to consensus, not to the ledger. */
  signers(certificate: Certificate): readonly Address[];
}

/** Where this node's consensus stands. */
export interface ConsensusReport {
  /** The height being voted on: head + 1. */
  readonly height: number;
  readonly round: number;
  readonly phase: 'idle' | 'waiting-for-proposal' | 'validating' | 'preparing' | 'committing' | 'committed';
  /** Null on a node that does not vote and has not seen who proposes. */
  readonly proposer: Address | null;
  /** Who votes for `height`, ascending. */
  readonly sealers: readonly Address[];
  /** Rounds above 0 entered since the node started. */
  readonly viewChanges: number;
  readonly headHash: Hex;
  readonly headNumber: number;
}

export interface PeerReport {
  readonly node: Address;
  readonly role: string;
  readonly company: string;
  readonly connected: boolean;
  readonly addresses: readonly string[];
  /** The head that it announced last. */
  readonly height?: number;
  /** Milliseconds since the Unix epoch of the last connection or disconnection. */
  readonly since: number;
}

export interface MembershipReport {
  readonly proxy: Address | null;
  readonly companies: readonly CompanyReport[];
  /** Who votes for the next height, ascending. */
  readonly sealers: readonly Address[];
  /** Votes under way, oldest first. */
  readonly proposals: readonly ProposalReport[];
}

export interface CompanyReport {
  readonly account: Address;
  readonly name: string;
}

export interface ProposalReport {
  readonly id: string;
  /** What would be done, e.g. `add-sealer`, `remove-sealer`. */
  readonly action: string;
  readonly subject: Address;
  readonly proposer: Address;
  /** Companies that voted for it, and against it. */
  readonly votesFor: number;
  readonly votesAgainst: number;
  /** Votes with which it passes. */
  readonly votesNeeded: number;
}

/** How far a node that catches up has come. */
export interface SyncReport {
  readonly startingBlock: number;
  readonly currentBlock: number;
  readonly highestBlock: number;
}

export interface NodeReport {
  readonly id: Address;
  readonly role: string;
  readonly company: string;
  readonly name: string;
  readonly version: string;
  readonly chainId: number;
  readonly genesisHash: Hex;
  readonly height: number;
  readonly syncing: false | SyncReport;
}
