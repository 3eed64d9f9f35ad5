import type { Address, Hex } from '../crypto/index.ts';
import { encodeCall } from './abi-lookup.ts';
import { CONSORTIUM_ADDRESS } from './addresses.ts';
import { contractPort, type Executed, eventNamed, nameOf } from './contract-port.ts';
import { consortiumArtifact } from './generated/consortium.ts';
import type { BlockTag, LedgerClient } from './ledger-client.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';
import type { CertificateFields } from './typed-data.ts';

/** In the contract's order. */
export const proposalKinds = ['addCompany', 'removeCompany', 'replaceProxy', 'reinstate'] as const;
export type ProposalKind = (typeof proposalKinds)[number];
export const proposalStates = ['none', 'open', 'executed', 'rejected', 'expired'] as const;
export type ProposalState = (typeof proposalStates)[number];
/** What a proposal that has its votes waits for. */
export const proposalWaits = ['nothing', 'sync', 'epoch'] as const;
export type ProposalWait = (typeof proposalWaits)[number];
/** What a key is to the consortium. */
export const keyPositions = ['none', 'sealer', 'quarantined', 'successor', 'candidate', 'proxyCandidate'] as const;
export type KeyPosition = (typeof keyPositions)[number];
/** In the order of the numbers that certificates carry; the ledger admits devices, edge nodes and oracle nodes. */
export const observerRoles = ['none', 'device', 'edgeNode', 'centre', 'company', 'proxy', 'oracle'] as const;
export type ObserverRole = (typeof observerRoles)[number];
export const standings = ['unknown', 'active', 'expired', 'revoked', 'companyLeft'] as const;
export type Standing = (typeof standings)[number];

export interface CompanyRecord {
  readonly account: Address;
  readonly name: string;
  /** Seconds since the Unix epoch. */
  readonly since: bigint;
  /** The key that votes on blocks for it, by which its node is known. */
  readonly sealer: Address;
  /** Block at which it was taken out of the sealers; 0 = it is not quarantined. */
  readonly quarantinedAt: bigint;
}

/** The seat of the proxy or of a company. */
export interface SeatRecord {
  readonly account: Address;
  readonly sealer: Address;
  /** The key that may take over, or the zero address. */
  readonly successor: Address;
  readonly quarantinedAt: bigint;
}

/** What a report of an equivocation takes; contents and signatures as in docs/reference/consensus.md. */
export interface EquivocationReport {
  readonly messageType: number;
  readonly height: bigint;
  readonly round: bigint;
  readonly content: Hex;
  readonly signature: Hex;
  readonly otherContent: Hex;
  readonly otherSignature: Hex;
}

/** An equivocation on record. */
export interface EvidenceRecord {
  readonly id: bigint;
  readonly signer: Address;
  readonly account: Address;
  readonly reporter: Address;
  readonly messageType: number;
  readonly height: bigint;
  readonly round: bigint;
  readonly digest: Hex;
  readonly otherDigest: Hex;
  /** Block in which it was reported. */
  readonly reportedAt: bigint;
  /** Whether it took the signer out of the sealers. */
  readonly quarantined: boolean;
}

export interface ProposalRecord {
  readonly id: bigint;
  readonly kind: ProposalKind;
  readonly state: ProposalState;
  readonly account: Address;
  readonly name: string;
  readonly proposer: Address;
  /** Seconds since the Unix epoch. */
  readonly expiresAt: bigint;
  readonly yes: number;
  readonly no: number;
  /** For an open proposal that has its votes. */
  readonly waitsFor: ProposalWait;
}

export interface ObserverRecord {
  readonly observer: Address;
  readonly company: Address;
  readonly role: ObserverRole;
  readonly standing: Standing;
  /** Seconds since the Unix epoch. */
  readonly expiresAt: bigint;
  readonly serial: Hex;
}

export interface Page {
  readonly offset: bigint;
  readonly limit: bigint;
}

/** The Consortium contract in the words of the domain. Every method rejects as the ledger client's `call` or `transact` does. */
export interface ConsortiumClient {
  sealers(block?: BlockTag): Promise<readonly Address[]>;
  proxy(): Promise<Address>;
  isCompany(account: Address): Promise<boolean>;
  isSealer(account: Address): Promise<boolean>;
  companyCount(): Promise<bigint>;
  companies(page: Page): Promise<readonly CompanyRecord[]>;
  seat(account: Address): Promise<SeatRecord>;
  positionOf(key: Address): Promise<KeyPosition>;
  /** Whose seat a key has, had or may take; the zero address for a stranger. */
  accountOf(key: Address): Promise<Address>;
  nameSuccessor(key: Address): Promise<TransactionReceipt>;
  /** `replaced` tells whether a seat was taken by it, `executed` whether a change was carried out. */
  proveSync(block: { readonly height: bigint; readonly hash: Hex }): Promise<{
    readonly replaced: boolean;
    readonly executed: boolean;
    readonly receipt: TransactionReceipt;
  }>;
  /** `quarantined` tells whether it took the signer out of the sealers. */
  reportEquivocation(report: EquivocationReport): Promise<{
    readonly id: bigint;
    readonly quarantined: boolean;
    readonly receipt: TransactionReceipt;
  }>;
  /** The number under which an equivocation is on record; 0 = none. */
  evidenceOf(place: {
    readonly signer: Address;
    readonly messageType: number;
    readonly height: bigint;
    readonly round: bigint;
  }): Promise<bigint>;
  evidenceCount(): Promise<bigint>;
  /** Newest first. */
  evidence(page: Page): Promise<readonly EvidenceRecord[]>;
  /** Accounts whose sealer is quarantined. */
  quarantined(): Promise<readonly Address[]>;
  /** `name` is for a company to be added. */
  propose(change: { readonly kind: ProposalKind; readonly account: Address; readonly name?: string }): Promise<{
    readonly id: bigint;
    readonly receipt: TransactionReceipt;
  }>;
  /** `executed` tells whether this vote made the change happen, `waitsFor` what it waits for when it has its votes. */
  vote(ballot: { readonly id: bigint; readonly approve: boolean }): Promise<{
    readonly executed: boolean;
    readonly waitsFor: ProposalWait;
    readonly receipt: TransactionReceipt;
  }>;
  execute(id: bigint): Promise<TransactionReceipt>;
  proposalCount(): Promise<bigint>;
  proposal(id: bigint): Promise<ProposalRecord>;
  /** Newest first. */
  proposals(page: Page): Promise<readonly ProposalRecord[]>;
  registerObserver(certificate: CertificateFields, signature: Hex): Promise<TransactionReceipt>;
  revokeObserver(observer: Address): Promise<TransactionReceipt>;
  observer(account: Address, block?: BlockTag): Promise<ObserverRecord>;
  observerCount(): Promise<bigint>;
  observers(page: Page): Promise<readonly ObserverRecord[]>;
}

/** A client of the Consortium contract. */
export function consortiumClient(ledger: LedgerClient, address: Address = CONSORTIUM_ADDRESS): ConsortiumClient {
  const port = contractPort(ledger, address, consortiumArtifact.abi);
  return {
    sealers: (block) => port.read('sealers', [], block),
    proxy: () => port.read('proxy', []),
    isCompany: (account) => port.read('isCompany', [account]),
    isSealer: (account) => port.read('isSealer', [account]),
    companyCount: () => port.read('companyCount', []),
    companies: ({ offset, limit }) => port.read('companies', [offset, limit]),
    seat: (account) => port.read('seat', [account]),
    positionOf: async (key) => nameOf(keyPositions, await port.read('positionOf', [key])),
    accountOf: (key) => port.read('accountOf', [key]),
    nameSuccessor: async (key) => receiptOf(await port.write('nameSuccessor', [key])),
    async proveSync({ height, hash }) {
      const done = await port.write('proveSync', [height, hash]);
      return { replaced: has(done, 'SealerKeyReplaced'), executed: has(done, 'Executed'), receipt: done.receipt };
    },
    async reportEquivocation(report) {
      const done = await port.write('reportEquivocation', reportArguments(report));
      const id = eventNamed(done, 'EvidenceRecorded').args['id'] as bigint;
      return { id, quarantined: has(done, 'SealerQuarantined'), receipt: done.receipt };
    },
    evidenceOf: ({ signer, messageType, height, round }) => port.read('evidenceOf', [signer, messageType, height, round]),
    evidenceCount: () => port.read('evidenceCount', []),
    evidence: ({ offset, limit }) => port.read('evidence', [offset, limit]),
    quarantined: () => port.read('quarantined', []),
    async propose({ kind, account, name = '' }) {
      const done = await port.write('propose', [proposalKinds.indexOf(kind), account, name]);
      return { id: eventNamed(done, 'Proposed').args['id'] as bigint, receipt: done.receipt };
    },
    async vote({ id, approve }) {
      const done = await port.write('vote', [id, approve]);
      const waiting = done.events.find((event) => event.name === 'Waiting');
      const waitsFor = waiting === undefined ? 'nothing' : nameOf(proposalWaits, waiting.args['waitsFor']);
      return { executed: has(done, 'Executed'), waitsFor, receipt: done.receipt };
    },
    execute: async (id) => receiptOf(await port.write('execute', [id])),
    proposalCount: () => port.read('proposalCount', []),
    proposal: async (id) => proposalRecord(await port.read('proposal', [id])),
    proposals: async ({ offset, limit }) => (await port.read('proposals', [offset, limit])).map(proposalRecord),
    registerObserver: async (certificate, signature) => receiptOf(await port.write('registerObserver', [certificate, signature])),
    revokeObserver: async (observer) => receiptOf(await port.write('revokeObserver', [observer])),
    observer: async (account, block) => observerRecord(await port.read('observer', [account], block)),
    observerCount: () => port.read('observerCount', []),
    observers: async ({ offset, limit }) => (await port.read('observers', [offset, limit])).map(observerRecord),
  };
}

/** The calldata of a report, by which it is told from others in a pool. */
export function encodeReportEquivocation(report: EquivocationReport): Hex {
  return encodeCall(consortiumArtifact.abi, 'reportEquivocation', reportArguments(report));
}

function reportArguments(report: EquivocationReport) {
  const { messageType, height, round, content, signature, otherContent, otherSignature } = report;
  return [messageType, height, round, content, signature, otherContent, otherSignature] as const;
}

function proposalRecord<T extends { readonly kind: number; readonly state: number; readonly waitsFor: number }>(view: T) {
  return {
    ...view,
    kind: nameOf(proposalKinds, view.kind),
    state: nameOf(proposalStates, view.state),
    waitsFor: nameOf(proposalWaits, view.waitsFor),
  };
}

function observerRecord<T extends { readonly role: number; readonly standing: number }>(view: T) {
  return { ...view, role: nameOf(observerRoles, view.role), standing: nameOf(standings, view.standing) };
}

function has({ events }: Executed, name: string): boolean {
  return events.some((event) => event.name === name);
}

function receiptOf({ receipt }: Executed): TransactionReceipt {
  return receipt;
}
