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
  /** Present while this node could vote and does not: why, and the first height at which it will; null while it is not known. */
  readonly abstaining?: { readonly why: string; readonly untilHeight: number | null };
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
  /** The certificate that an observer showed. */
  readonly certificate?: CertificateReport;
}

export interface MembershipReport {
  readonly proxy: Address | null;
  /** The key that the proxy's node runs with. */
  readonly proxySealer: Address | null;
  readonly companies: readonly CompanyReport[];
  /** Who votes for the next height, ascending. */
  readonly sealers: readonly Address[];
  /** Accounts whose sealer was taken out of the sealers for signing two different votes. */
  readonly quarantined: readonly Address[];
  /** The latest equivocations on record, newest first. */
  readonly evidence: readonly EvidenceReport[];
  /** Votes under way, oldest first. */
  readonly proposals: readonly ProposalReport[];
}

export interface CompanyReport {
  readonly account: Address;
  readonly name: string;
  /** The key that its node runs with, and that votes on blocks for it. */
  readonly sealer: Address;
}

/** A proof on the ledger that a sealer signed two different messages of one type for one height and round. */
export interface EvidenceReport {
  readonly id: number;
  readonly signer: Address;
  readonly account: Address;
  /** Which kind of message, e.g. `commit`. */
  readonly message: string;
  readonly height: number;
  readonly round: number;
  readonly digests: readonly [Hex, Hex];
  readonly reporter: Address;
  /** Block in which it was reported. */
  readonly reportedAt: number;
  /** Whether this took the signer out of the sealers. */
  readonly quarantined: boolean;
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
  /** What it waits for although it has its votes: the newcomer's proof that it is in sync, or the pace of changes. */
  readonly waitsFor: 'sync' | 'pace' | null;
}

/** How far a node that catches up has come. */
export interface SyncReport {
  readonly startingBlock: number;
  readonly currentBlock: number;
  readonly highestBlock: number;
  /** Whether blocks are executed one by one, or the state of a late one is fetched; `idle` while it waits for peers. */
  readonly mode?: 'idle' | 'blocks' | 'snapshot';
  /** Of a join by snapshot: the header proved so far, the block whose state is fetched, and the parts of it that have come. */
  readonly snapshot?: { readonly phase: string; readonly header: number; readonly pivot: number; readonly stateNodes: number };
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
  /** What the key of a sealer's node is: `sealer`, `quarantined`, `successor`, `candidate`, `proxyCandidate` or `none`. */
  readonly seat?: string;
  /** Where several ledgers are sewn together, what the node is among them: `F_g`, `L_g`, `L_o`, and `L_f` while it files. */
  readonly sewing?: readonly string[];
  /** The certificate of an observer. */
  readonly certificate?: CertificateReport;
}

/** How long a certificate holds. */
export interface CertificateReport {
  /** Seconds since the Unix epoch. */
  readonly expiresAtSeconds: number;
  readonly state: 'valid' | 'expires-soon' | 'expired';
}
