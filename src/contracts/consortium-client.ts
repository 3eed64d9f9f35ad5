import type { Address, Hex } from '../crypto/index.ts';
import { CONSORTIUM_ADDRESS } from './addresses.ts';
import { contractPort, type Executed, eventNamed, nameOf } from './contract-port.ts';
import { consortiumArtifact } from './generated/consortium.ts';
import type { BlockTag, LedgerClient } from './ledger-client.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';
import type { CertificateFields } from './typed-data.ts';

/** In the contract's order. */
export const proposalKinds = ['addCompany', 'removeCompany', 'replaceProxy'] as const;
export type ProposalKind = (typeof proposalKinds)[number];
export const proposalStates = ['none', 'open', 'executed', 'rejected', 'expired'] as const;
export type ProposalState = (typeof proposalStates)[number];
export const observerRoles = ['none', 'device', 'edgeNode'] as const;
export type ObserverRole = (typeof observerRoles)[number];
export const standings = ['unknown', 'active', 'expired', 'revoked', 'companyLeft'] as const;
export type Standing = (typeof standings)[number];

export interface CompanyRecord {
  readonly account: Address;
  readonly name: string;
  /** Seconds since the Unix epoch. */
  readonly since: bigint;
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
  /** `name` is for a company to be added. */
  propose(change: { readonly kind: ProposalKind; readonly account: Address; readonly name?: string }): Promise<{
    readonly id: bigint;
    readonly receipt: TransactionReceipt;
  }>;
  /** `executed` tells whether this vote made the change happen. */
  vote(ballot: { readonly id: bigint; readonly approve: boolean }): Promise<{
    readonly executed: boolean;
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
    async propose({ kind, account, name = '' }) {
      const done = await port.write('propose', [proposalKinds.indexOf(kind), account, name]);
      return { id: eventNamed(done, 'Proposed').args['id'] as bigint, receipt: done.receipt };
    },
    async vote({ id, approve }) {
      const done = await port.write('vote', [id, approve]);
      return { executed: done.events.some((event) => event.name === 'Executed'), receipt: done.receipt };
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

function proposalRecord<T extends { readonly kind: number; readonly state: number }>(view: T) {
  return { ...view, kind: nameOf(proposalKinds, view.kind), state: nameOf(proposalStates, view.state) };
}

function observerRecord<T extends { readonly role: number; readonly standing: number }>(view: T) {
  return { ...view, role: nameOf(observerRoles, view.role), standing: nameOf(standings, view.standing) };
}

function receiptOf({ receipt }: Executed): TransactionReceipt {
  return receipt;
}
