/**
 * The JSON of every response of a node's HTTP API; the console imports these types and nothing else of the node.
 * Amounts in wei are decimal strings; times are milliseconds since the Unix epoch; positions are degrees.
 */

/** Body of every answer that is not 2xx. */
export interface ApiErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}

/** A slice of a list that can be jumped into. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly offset: number;
  readonly limit: number;
  /** Items in the whole list, after filters. */
  readonly total: number;
}

/** A slice of the chain, newest first. */
export interface ChainPage<T> {
  readonly items: readonly T[];
  /** Pass as `before` to read on; null at the end of the chain. */
  readonly older: string | null;
  /** Pass as `before` to go back towards the head; null when this is the newest page. */
  readonly newer: string | null;
  readonly total: number;
}

/** How far the node has read its own chain for lists and counts; answers are complete when `done`. */
export interface IndexProgress {
  readonly done: boolean;
  readonly height: number;
  readonly target: number;
}

/** An account with what is known of it. */
export interface Party {
  readonly address: string;
  /** A name from membership, registry or contract catalogue; null when it is a stranger. */
  readonly name: string | null;
  readonly company: string | null;
}

export type NodeRole = 'proxy' | 'company' | 'edge' | 'device' | 'centre' | 'oracle' | 'observer';
/** `unreachable`: the link was lost; `not connected`: this node has never had a link to it. */
export type NodeStatus = 'running' | 'lagging' | 'unreachable' | 'not connected';

export interface Overview {
  readonly chainId: number;
  readonly nowMs: number;
  /** The four counters of the information port. */
  readonly blocks: number;
  readonly transactions: number;
  readonly pending: number;
  /** The consensus round of the height that is being agreed on: PBFT's view. */
  readonly view: number;
  readonly viewChanges: number;
  readonly phase: string;
  readonly proposer: Party | null;
  readonly sealers: number;
  /** Votes that make a block final. */
  readonly quorum: number;
  /** Members whose sealer is in quarantine. */
  readonly quarantined: readonly Party[];
  readonly head: { readonly number: number; readonly hash: string; readonly timestampMs: number };
  /** Transactions per second over the last minute. */
  readonly transactionsPerSecond: number;
  /** Mean time between the last blocks, null with fewer than two. */
  readonly blockIntervalMs: number | null;
  readonly edgeNodes: number;
  readonly devices: number;
  readonly tasks: TaskCounts;
  readonly channels: ChannelCounts;
  readonly self: { readonly id: string; readonly name: string | null; readonly role: NodeRole; readonly company: string | null };
  readonly index: IndexProgress;
}

export interface TaskCounts {
  /** Different tasks that devices asked for. */
  readonly requested: number;
  /** At work now. */
  readonly matched: number;
  readonly unmatched: number;
  readonly completed: number;
  readonly failed: number;
  readonly expired: number;
}

export interface ChannelCounts {
  readonly open: number;
  /** Closing or withdrawable. */
  readonly closing: number;
  readonly closed: number;
  readonly depositedWei: string;
  readonly claimedWei: string;
}

export type SeriesUnit = 'minutes' | 'hours' | 'days';

export interface Series {
  readonly unit: SeriesUnit;
  /** 15 points, oldest first; the last is the running one. */
  readonly points: readonly SeriesPoint[];
}

export interface SeriesPoint {
  readonly startMs: number;
  readonly transactions: number;
  readonly reverted: number;
  readonly blocks: number;
}

export interface NodeRow extends Party {
  readonly role: NodeRole;
  readonly height: number | null;
  /**
   * The consensus round in which it stands: its own for the node that answers, as seen in its votes for another sealer, else that in which the
   * block at its height was agreed on. Null when nothing of it is known.
   */
  readonly view: number | null;
  readonly status: NodeStatus;
  readonly lastSeenMs: number | null;
  /** True for the node that answers. */
  readonly self: boolean;
  /** True when it votes for the next height. */
  readonly sealer: boolean;
  /** The account of the company or proxy that it seals for, where its key is another one; null for all others. */
  readonly account: string | null;
  /** How long its certificate holds; null for members, which need none, and where it is not known. */
  readonly certificate: CertificateTermView | null;
  /** The latest proof that it contradicted itself, for a member in quarantine; null for all others. */
  readonly quarantine: QuarantineView | null;
  /** Every proof against its account that is on the ledger and among the latest, newest first. */
  readonly evidence: readonly QuarantineView[];
}

/** Until when an observer is let in. */
export interface CertificateTermView {
  readonly expiresAtMs: number;
  readonly state: 'valid' | 'expires-soon' | 'expired';
}

/** A proof that a sealer contradicted itself, which takes it out of the sealers. */
export interface QuarantineView {
  /** Which kind of message it signed twice, e.g. `commit`. */
  readonly message: string;
  readonly height: number;
  readonly round: number;
  /** Block in which it was reported. */
  readonly reportedAt: number;
  readonly reporter: Party;
}

export interface BlockRow {
  readonly number: number;
  readonly hash: string;
  readonly timestampMs: number;
  readonly proposer: Party;
  readonly transactions: number;
  readonly gasUsed: string;
  /** Consensus round in which it was agreed on; null for genesis. */
  readonly round: number | null;
}

export interface BlockDetail extends BlockRow {
  readonly parentHash: string;
  readonly stateRoot: string;
  readonly transactionsRoot: string;
  readonly receiptsRoot: string;
  readonly gasLimit: string;
  readonly confirmations: number;
  readonly nextSealers: readonly Party[];
  readonly certificate: CertificateView | null;
  readonly transactionPage: Page<TransactionRow>;
}

export interface CertificateView {
  readonly round: number;
  readonly digest: string;
  /** Who signed; an empty list when this node cannot name them. */
  readonly signers: readonly Party[];
  readonly signatures: number;
  readonly quorum: number;
  readonly sealers: number;
}

export type TransactionStatus = 'pending' | 'succeeded' | 'reverted';

export interface TransactionRow {
  readonly hash: string;
  readonly status: TransactionStatus;
  readonly blockNumber: number | null;
  readonly index: number | null;
  readonly timestampMs: number | null;
  readonly from: Party;
  /** Null when it creates a contract. */
  readonly to: Party | null;
  /** Name of the called function, "transfer", "create", or its selector when unknown. */
  readonly method: string;
  readonly valueWei: string;
  readonly gasUsed: string | null;
}

export interface TransactionDetail extends TransactionRow {
  readonly nonce: string;
  readonly type: number;
  readonly gasLimit: string;
  readonly blockHash: string | null;
  readonly confirmations: number | null;
  readonly createdContract: Party | null;
  /** Hex; cut to a limit when `inputCut`. */
  readonly input: string;
  readonly inputCut: boolean;
  readonly inputBytes: number;
  readonly call: DecodedCall | null;
  readonly events: readonly DecodedEvent[];
  /** Events beyond the limit that are not shown. */
  readonly eventsHidden: number;
  readonly failure: Failure | null;
}

/** A decoded value, as text, with its Solidity type; lists and structs nest. */
export interface DecodedValue {
  readonly name: string;
  readonly type: string;
  readonly value: string | readonly DecodedValue[];
  /** Set for addresses that are known. */
  readonly party?: Party;
}

export interface DecodedCall {
  readonly contract: string;
  readonly function: string;
  readonly arguments: readonly DecodedValue[];
}

export interface DecodedEvent {
  readonly address: Party;
  readonly logIndex: number;
  readonly contract: string | null;
  /** Null when no known contract declares it. */
  readonly event: string | null;
  readonly arguments: readonly DecodedValue[];
  readonly topics: readonly string[];
  readonly data: string;
}

export interface Failure {
  /** Name of the error, or "revert". */
  readonly name: string;
  readonly message: string;
  readonly arguments: readonly DecodedValue[];
}

export interface EdgeNodeRow {
  readonly id: string;
  readonly name: string;
  readonly company: Party;
  /** The account under which the node works and is paid. */
  readonly account: Party;
  readonly latitude: number;
  readonly longitude: number;
  readonly services: readonly string[];
  readonly capacity: number;
  readonly busy: number;
  readonly priceWei: string;
  readonly state: 'active' | 'withdrawn';
  readonly matched: number;
  readonly completed: number;
  readonly failed: number;
  readonly expired: number;
}

export interface EdgeNodeDetail extends EdgeNodeRow {
  readonly registeredBlock: number;
  readonly registeredMs: number;
  readonly updatedBlock: number;
  readonly updatedMs: number;
  readonly tasks: readonly TaskRow[];
}

export interface DeviceRow extends Party {
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly registered: boolean;
  readonly requested: number;
  readonly completed: number;
  readonly failed: number;
  readonly lastActiveMs: number | null;
}

/** `unmatched`: no node fitted; `failed`: every node that was tried failed; `expired`: its node never answered in the lease. */
export type TaskState = 'matched' | 'unmatched' | 'completed' | 'failed' | 'expired';

export interface TaskRow {
  readonly id: string;
  readonly state: TaskState;
  readonly device: Party;
  readonly service: string;
  readonly edgeNode: { readonly id: string; readonly name: string; readonly company: string | null } | null;
  readonly priceWei: string | null;
  readonly maxPriceWei: string | null;
  readonly requestedMs: number;
  readonly finishedMs: number | null;
  /** Why nothing matched, or why it failed. */
  readonly reason: string | null;
}

export interface TaskDetail extends TaskRow {
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly distanceM: number | null;
  readonly attempts: number;
  /** The nearest eligible nodes of the last attempt as the contract named them, the chosen one first. */
  readonly candidates: readonly TaskCandidate[];
  /** Nodes whose distance the contract compared. */
  readonly considered: number | null;
  readonly history: readonly TaskStep[];
}

export interface TaskCandidate {
  readonly id: string;
  readonly name: string;
  readonly company: string | null;
  readonly distanceM: number | null;
  /** Distance as the contract compares it: in micro-degrees, latitude and longitude alike. */
  readonly microdegrees: number | null;
  readonly priceWei: string | null;
  readonly chosen: boolean;
  /** Why it was or was not chosen. */
  readonly note: string;
}

export interface TaskStep {
  readonly what: string;
  readonly blockNumber: number;
  readonly timestampMs: number;
  readonly transactionHash: string;
  readonly by: Party | null;
}

/** `withdrawable`: the challenge period is over and the payer has not taken its rest back yet. */
export type ChannelState = 'open' | 'closing' | 'withdrawable' | 'closed';

export interface ChannelRow {
  readonly id: string;
  readonly state: ChannelState;
  readonly payer: Party;
  readonly payee: Party;
  readonly depositWei: string;
  readonly claimedWei: string;
  /** Deposit that is neither claimed nor refunded. */
  readonly remainingWei: string;
  readonly openedMs: number;
  /** Who acts next and what they may do. */
  readonly next: { readonly who: Party | null; readonly what: string };
  /** When what is due falls due: the end of the challenge period. */
  readonly deadlineMs: number | null;
  readonly challengeSeconds: number;
}

export interface ChannelDetail extends ChannelRow {
  readonly refundedWei: string;
  readonly openedBlock: number;
  readonly history: readonly ChannelStep[];
}

export interface ChannelStep {
  readonly what: 'opened' | 'topped up' | 'claimed' | 'closing' | 'closed';
  readonly amountWei: string | null;
  readonly blockNumber: number;
  readonly timestampMs: number;
  readonly transactionHash: string;
}

/** Positions as columns: 10,000 nodes in a few hundred kilobytes. */
export interface MapView {
  readonly companies: readonly string[];
  readonly nodes: {
    readonly id: readonly string[];
    readonly name: readonly string[];
    readonly latitude: readonly number[];
    readonly longitude: readonly number[];
    /** Index into `companies`. */
    readonly company: readonly number[];
    readonly busy: readonly number[];
    readonly capacity: readonly number[];
  };
  readonly devices: {
    readonly address: readonly string[];
    readonly name: readonly (string | null)[];
    readonly latitude: readonly number[];
    readonly longitude: readonly number[];
  };
  /** Latest matches, newest first. */
  readonly matches: readonly MapMatch[];
  /** Nodes or devices beyond the limits that are not in the columns. */
  readonly hidden: number;
}

export interface MapMatch {
  readonly task: string;
  readonly node: string;
  readonly device: string;
  readonly fromLatitude: number;
  readonly fromLongitude: number;
  readonly toLatitude: number;
  readonly toLongitude: number;
  readonly timestampMs: number;
}

/** The oracle of the ledger: who works for it, who leads now, and how that was drawn. */
export interface OracleOverview {
  readonly nowMs: number;
  readonly head: number;
  readonly paused: boolean;
  readonly settings: OracleSettingsView;
  readonly jobs: readonly OracleJobView[];
  readonly term: OracleTermView;
  readonly nodes: readonly OracleNodeView[];
  readonly counts: OracleCounts;
  readonly openRequests: { readonly open: number; readonly atMost: number; readonly perRequester: number };
  /** What the companies may give away: kept of deposits, and taken from stakes. */
  readonly fundWei: string;
  readonly stakeFundWei: string;
  /** The latest terms in which something happened, newest first. */
  readonly terms: readonly OracleTermRow[];
  /** The latest stakes that were taken, newest first. */
  readonly slashes: readonly OracleSlash[];
  readonly index: IndexProgress;
}

export interface OracleSettingsView {
  readonly termBlocks: number;
  readonly electBlocks: number;
  readonly expectedWinners: number;
  readonly stageBlocks: number;
  readonly silenceBlocks: number;
  readonly silenceSlashWei: string;
  readonly minStakeWei: string;
  readonly exitBlocks: number;
  readonly nodesPerMember: number;
}

export interface OracleJobView {
  readonly name: string;
  readonly feeWei: string;
  readonly groupSize: number;
  readonly quorum: number;
  readonly enabled: boolean;
  readonly maxSpecBytes: number;
  readonly maxResultBytes: number;
  /** What is kept of a deposit that brought no result, in parts of ten thousand. */
  readonly forfeit: number;
}

export interface OracleTermView {
  readonly number: number;
  readonly firstBlock: number;
  /** From this block on the term has a master. */
  readonly electionEnd: number;
  readonly lastBlock: number;
  /** True while candidates come forward. */
  readonly electing: boolean;
  /** What the nodes sign to be elected; null when nobody can know it any more. */
  readonly alpha: string | null;
  /** A number has to be below it. */
  readonly threshold: string;
  /** What the group is drawn with; null while alpha is. */
  readonly groupSeed: string | null;
  readonly master: OracleSeatView | null;
  readonly masterBy: 'smallest number' | 'turn' | 'replacement' | null;
  readonly masterSince: number | null;
  readonly masterActedIn: number | null;
  /** Smallest number first. */
  readonly candidates: readonly OracleCandidate[];
  /** The group of the smallest size that a job has, in the order in which its members may transmit. */
  readonly group: readonly OracleSeatView[];
}

/** A registered oracle node: its number and its account. */
export interface OracleSeatView extends Party {
  readonly id: number;
}

export interface OracleCandidate extends OracleSeatView {
  /** Its number: the hash of its proof. */
  readonly beta: string;
  /** Its BLS signature over alpha, 256 bytes; null when this node does not keep the transaction. */
  readonly proof: string | null;
  readonly transactionHash: string | null;
  readonly blockNumber: number | null;
  readonly leads: boolean;
  readonly replaced: boolean;
}

export interface OracleNodeView extends OracleSeatView {
  readonly member: Party;
  readonly stakeWei: string;
  readonly state: 'active' | 'leaving' | 'gone';
  /** Whether it is in the set of the present term, and of the next one. */
  readonly inSet: boolean;
  readonly inNextSet: boolean;
  readonly owedWei: string;
  readonly publicKey: string;
  /** In the present term. */
  readonly part: 'master' | 'group' | 'reserve';
}

export interface OracleCounts {
  readonly requested: number;
  readonly pending: number;
  readonly answered: number;
  readonly failed: number;
  readonly expired: number;
}

export interface OracleTermRow {
  readonly number: number;
  /** Who showed a number, the smallest first. */
  readonly candidates: readonly OracleCandidate[];
  /** True when nobody came forward and the turn decided. */
  readonly byTurn: boolean;
  readonly replaced: readonly {
    readonly previous: OracleSeatView;
    readonly current: OracleSeatView;
    readonly transactionHash: string;
  }[];
  readonly requests: number;
  readonly transactions: number;
}

export interface OracleSlash extends OracleSeatView {
  readonly wei: string;
  readonly offence: string;
  readonly reporter: Party;
  readonly blockNumber: number;
  readonly timestampMs: number;
  readonly transactionHash: string;
}

export type OracleRequestState = 'pending' | 'answered' | 'failed' | 'expired';

export interface OracleRequestRow {
  readonly id: string;
  readonly state: OracleRequestState;
  readonly job: string;
  readonly requester: Party;
  /** The beginning of what was asked, as text. */
  readonly asked: string;
  readonly depositWei: string;
  readonly requestedMs: number;
  readonly endedMs: number | null;
  readonly expiresMs: number;
  /** The answer as people read it, cut; null without one. */
  readonly answer: string | null;
  readonly reason: string | null;
  readonly attempts: number;
}

export interface OracleRequestDetail extends OracleRequestRow {
  /** What was asked; null when it is no text. */
  readonly specText: string | null;
  readonly specHex: string;
  readonly requestedBlock: number;
  readonly callbackGas: number;
  readonly groupSize: number;
  readonly quorum: number;
  /** Where it stands, in whole sentences. */
  readonly headline: string;
  readonly explanation: readonly string[];
  /** What it waits for, and the block from which on more is possible; null for one that has ended. */
  readonly why: string | null;
  readonly nextBlock: number | null;
  readonly head: number;
  readonly refundWei: string | null;
  readonly result: OracleResultView | null;
  readonly accepted: OracleAccepted | null;
  readonly delivered: boolean | null;
  readonly history: readonly OracleStep[];
  /** The rounds about it, oldest first, as the nodes that led them tell. */
  readonly rounds: readonly OracleRoundView[];
  /** Oracle nodes that led, or might have, and did not tell. */
  readonly silent: readonly Party[];
}

export interface OracleResultView {
  readonly hex: string;
  /** What the specification says that it is. */
  readonly form: 'number' | 'outliers' | 'text' | 'json' | 'digest' | 'sealed' | 'bytes';
  readonly text: string;
  readonly more: readonly { readonly name: string; readonly value: string }[];
  readonly observedMs: number;
}

export interface OracleAccepted {
  readonly term: number;
  readonly transmitter: OracleSeatView;
  readonly byMaster: boolean;
  /** The group in its order; null when this node cannot tell it any more. */
  readonly group: readonly (OracleSeatView & { readonly signed: boolean })[] | null;
  readonly signatures: number;
  /** Requests that were answered in the same transaction. */
  readonly together: number;
}

export interface OracleStep {
  readonly kind: 'requested' | 'attempt' | 'ended' | 'delivered' | 'master';
  readonly what: string;
  readonly blockNumber: number;
  readonly timestampMs: number;
  readonly transactionHash: string;
  readonly by: Party | null;
}

/** One attempt at some requests, as the node that led it tells. */
export interface OracleRoundView {
  readonly term: number;
  readonly attempt: number;
  readonly leader: Party;
  readonly byMaster: boolean;
  readonly requests: readonly string[];
  readonly startedMs: number;
  readonly observedMs: number | null;
  readonly signedMs: number | null;
  readonly endedMs: number | null;
  readonly quorum: number;
  readonly members: readonly OracleMemberView[];
  readonly answered: readonly string[];
  readonly unanswered: readonly { readonly id: string; readonly why: string }[];
  readonly transactionHash: string | null;
  readonly error: string | null;
}

export interface OracleMemberView extends Party {
  readonly observedMs: number | null;
  readonly saw: readonly string[];
  readonly failed: readonly { readonly id: string; readonly why: string }[];
  readonly signed: boolean;
  readonly objections: readonly { readonly id: string; readonly why: string }[];
  /** What it sent was not its own or not valid. */
  readonly lied: boolean;
  readonly error: string | null;
}

export interface OracleRoundsView {
  readonly node: Party;
  readonly rounds: readonly OracleRoundView[];
}

export interface OracleFeedView extends Party {
  readonly description: string;
  readonly job: string;
  readonly asked: string;
  readonly decimals: number;
  readonly heartbeatSeconds: number;
  /** In parts of a million of the last value. */
  readonly deviationPpm: number;
  /** The latest value as a decimal number; null before the first round. */
  readonly value: string | null;
  readonly updatedMs: number | null;
  /** True when the value is older than the heartbeat. */
  readonly stale: boolean;
  readonly openRequest: string | null;
  readonly balanceWei: string;
  /** Rounds in all. */
  readonly roundCount: number;
  /** The latest, oldest first. */
  readonly rounds: readonly {
    readonly id: number;
    readonly value: string;
    readonly startedMs: number;
    readonly updatedMs: number;
  }[];
}

/** `sent`: nothing has come back yet. The others are what became of it; after `given up` it may have been executed, or not. */
export type LaneMessageState = 'sent' | 'executed' | 'failed' | 'expired' | 'given up';

/** A message between ledgers as this one knows it. */
export interface LaneMessageRow {
  readonly id: string;
  readonly direction: 'out' | 'in';
  /** Chain id of the other ledger. */
  readonly peer: string;
  readonly nonce: string;
  readonly state: LaneMessageState;
  /** Null for one that came: the other ledger knows. */
  readonly sender: Party | null;
  /** The contract that it is for, on the ledger that it goes to. */
  readonly target: string;
  /** When it was sent, or, for one that came, done. */
  readonly firstMs: number;
  readonly endedMs: number | null;
  readonly expiresMs: number | null;
}

export interface LaneMessageDetail extends LaneMessageRow {
  readonly depositWei: string | null;
  /** What was sent, or, for one that came, what the target returned. */
  readonly data: string;
  readonly history: readonly TaskStep[];
}

/** This ledger beside those that it exchanges messages with. */
export interface LanesView {
  readonly chainId: number;
  readonly head: number;
  readonly headMs: number;
  readonly lanes: readonly LaneView[];
}

export interface LaneView {
  /** Chain id of the other ledger. */
  readonly peer: string;
  /** Messages sent there, and those of them that have not ended. */
  readonly sent: number | null;
  readonly open: number | null;
  readonly outgoingRoot: string | null;
  /** Messages that came from there and were done here. */
  readonly received: number;
  /** Two roots for one size were shown: nothing is done any more until the companies decide. */
  readonly halted: boolean;
  /** The largest root of the lane from there that is believed here. */
  readonly believed: {
    readonly size: number;
    readonly root: string;
    /** Of the other ledger. */
    readonly height: number;
    readonly way: 'group' | 'certificate' | 'both';
    readonly sinceMs: number;
  } | null;
  /** Up to which block this ledger knows the other's sealers; null when they were never introduced. */
  readonly knownHeight: number | null;
  readonly frozen: boolean;
}

export type SearchKind = 'block' | 'transaction' | 'node' | 'edge-node' | 'device' | 'task' | 'channel' | 'request';

export interface SearchHit {
  readonly kind: SearchKind;
  readonly id: string;
  readonly label: string;
  readonly detail: string;
}

export interface SearchResult {
  readonly query: string;
  readonly hits: readonly SearchHit[];
}

/** The node's own view: what it sees, not what the consortium says. */
export interface Observation {
  readonly nowMs: number;
  readonly self: Party & { readonly role: NodeRole };
  readonly addresses: readonly string[];
  readonly version: string;
  readonly syncing: { readonly currentBlock: number; readonly highestBlock: number } | null;
  readonly chain: {
    readonly chainId: number;
    readonly height: number;
    readonly hash: string;
    readonly timestampMs: number;
    readonly recent: readonly BlockRow[];
    readonly pending: number;
  } | null;
  readonly consensus: {
    readonly height: number;
    readonly round: number;
    readonly phase: string;
    readonly proposer: Party | null;
    readonly sealers: readonly Party[];
    /** True when this node is one of them. */
    readonly votes: boolean;
    readonly viewChanges: number;
  };
  /** Connected ones first. */
  readonly peers: readonly PeerRow[];
  /** Peers beyond the limit that are not in the list. */
  readonly peersHidden: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface PeerRow extends Party {
  readonly role: NodeRole;
  readonly connected: boolean;
  readonly height: number | null;
  readonly addresses: readonly string[];
  /** When it connected or disconnected last. */
  readonly sinceMs: number | null;
}

/** One server-sent event. */
export type LiveEvent =
  | { readonly type: 'hello'; readonly nowMs: number; readonly height: number }
  | {
      readonly type: 'head';
      readonly number: number;
      readonly hash: string;
      readonly timestampMs: number;
      readonly totalTransactions: number;
    }
  | { readonly type: 'pending'; readonly count: number }
  | {
      readonly type: 'consensus';
      readonly height: number;
      readonly round: number;
      readonly phase: string;
      readonly viewChanges: number;
    }
  | { readonly type: 'task'; readonly ids: readonly string[] }
  | { readonly type: 'channel'; readonly ids: readonly string[] }
  | { readonly type: 'oracle'; readonly ids: readonly string[] }
  | { readonly type: 'message'; readonly ids: readonly string[] }
  | { readonly type: 'ping' };
