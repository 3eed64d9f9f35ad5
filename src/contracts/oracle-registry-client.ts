import type { Address, Hex } from '../crypto/index.ts';
import { ORACLE_REGISTRY_ADDRESS } from './addresses.ts';
import { contractPort, eventNamed, nameOf } from './contract-port.ts';
import { oracleRegistryArtifact } from './generated/oracle-registry.ts';
import type { BlockTag, LedgerClient } from './ledger-client.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';

/** In the contract's order. */
export const oracleNodeStates = ['none', 'active', 'leaving', 'gone'] as const;
export type OracleNodeState = (typeof oracleNodeStates)[number];
/** What a stake is taken for. */
export const oracleOffences = ['silence', 'equivocation'] as const;
export type OracleOffence = (typeof oracleOffences)[number];

export interface OracleNodeRecord {
  readonly id: number;
  readonly account: Address;
  /** Whom it counts for: itself when it is a member, or the company that certified it. */
  readonly member: Address;
  readonly state: OracleNodeState;
  /** Whether it is in the set of the next term. */
  readonly inSet: boolean;
  readonly stakeWei: bigint;
  /** From this block on the stake can be withdrawn; 0 = it has not left. */
  readonly withdrawableFrom: bigint;
  /** 128 bytes. */
  readonly publicKey: Hex;
}

/** What is for good since genesis. */
export interface OracleRegistrySettings {
  readonly minStakeWei: bigint;
  readonly termBlocks: bigint;
  readonly exitBlocks: bigint;
  readonly nodesPerMember: bigint;
}

/** The call that the companies vote about. */
export interface GovernedCall {
  readonly target: Address;
  readonly call: Hex;
}

/** The OracleRegistry contract in the words of the domain. Every method rejects as the ledger client's `call` or `transact` does. */
export interface OracleRegistryClient {
  /** Registers this client's account: key in its 128-byte form, its proof of possession in its 256-byte form. */
  register(node: {
    readonly publicKey: Hex;
    readonly possession: Hex;
    readonly stakeWei: bigint;
  }): Promise<{ readonly id: number; readonly receipt: TransactionReceipt }>;
  resign(): Promise<TransactionReceipt>;
  withdraw(): Promise<TransactionReceipt>;
  topUp(stakeWei: bigint): Promise<TransactionReceipt>;
  /** Makes a node leave whose certificate or membership ended. */
  evict(id: number): Promise<TransactionReceipt>;
  /** Pays this client's account what it is owed here. */
  collect(): Promise<TransactionReceipt>;
  /** A company approves a call of the registry or of Pedal. */
  approve(call: GovernedCall): Promise<TransactionReceipt>;
  carry(call: GovernedCall): Promise<TransactionReceipt>;
  /** How many approvals count for a call now, and of how many companies. */
  approvals(call: GovernedCall): Promise<{ readonly yes: bigint; readonly companies: bigint }>;
  settings(): Promise<OracleRegistrySettings>;
  currentTerm(block?: BlockTag): Promise<bigint>;
  /** Numbers of the nodes of a term, in the order that drawing goes by. */
  setOf(term: bigint, block?: BlockTag): Promise<readonly number[]>;
  /** The nodes of the present term. */
  nodes(block?: BlockTag): Promise<readonly OracleNodeRecord[]>;
  /** How many were ever registered: numbers count from 1. */
  nodeCount(): Promise<bigint>;
  node(id: number, block?: BlockTag): Promise<OracleNodeRecord>;
  /** 0 for an account without a node. */
  idOf(account: Address, block?: BlockTag): Promise<number>;
  /** The member an account may stand for; the zero address = none. */
  memberOf(account: Address): Promise<Address>;
  /** The sum of these nodes' public keys, 128 bytes. */
  commonKeyOf(ids: readonly number[], block?: BlockTag): Promise<Hex>;
  owedTo(account: Address): Promise<bigint>;
  fundWei(): Promise<bigint>;
}

/** A client of the OracleRegistry contract. */
export function oracleRegistryClient(ledger: LedgerClient, address: Address = ORACLE_REGISTRY_ADDRESS): OracleRegistryClient {
  const port = contractPort(ledger, address, oracleRegistryArtifact.abi);
  return {
    async register({ publicKey, possession, stakeWei }) {
      const done = await port.write('register', [publicKey, possession], { value: stakeWei });
      return { id: Number(eventNamed(done, 'NodeRegistered').args['id']), receipt: done.receipt };
    },
    resign: async () => (await port.write('resign', [])).receipt,
    withdraw: async () => (await port.write('withdraw', [])).receipt,
    topUp: async (stakeWei) => (await port.write('topUp', [], { value: stakeWei })).receipt,
    evict: async (id) => (await port.write('evict', [id])).receipt,
    collect: async () => (await port.write('collect', [])).receipt,
    approve: async ({ target, call }) => (await port.write('approve', [target, call])).receipt,
    carry: async ({ target, call }) => (await port.write('carry', [target, call])).receipt,
    async approvals({ target, call }) {
      const [yes, companies] = await port.read('approvals', [await port.read('actionOf', [target, call])]);
      return { yes, companies };
    },
    async settings() {
      const [minStakeWei, termBlocks, exitBlocks, nodesPerMember] = await Promise.all([
        port.read('minStakeWei', []),
        port.read('termBlocks', []),
        port.read('exitBlocks', []),
        port.read('nodesPerMember', []),
      ]);
      return { minStakeWei, termBlocks, exitBlocks, nodesPerMember };
    },
    currentTerm: (block) => port.read('currentTerm', [], block),
    setOf: (term, block) => port.read('setOf', [term], block),
    nodes: async (block) => (await port.read('nodes', [], block)).map(nodeRecord),
    nodeCount: () => port.read('nodeCount', []),
    node: async (id, block) => nodeRecord(await port.read('nodeAt', [id], block)),
    idOf: (account, block) => port.read('idOf', [account], block),
    memberOf: (account) => port.read('memberOf', [account]),
    commonKeyOf: (ids, block) => port.read('commonKeyOf', [ids], block),
    owedTo: (account) => port.read('owedTo', [account]),
    fundWei: () => port.read('fundWei', []),
  };
}

function nodeRecord<T extends { readonly status: number }>({ status, ...view }: T) {
  return { ...view, state: nameOf(oracleNodeStates, status) };
}
