import {
  type LedgerClient,
  ORACLE_REGISTRY_ADDRESS,
  oracleRegistryClient,
  PEDAL_ADDRESS,
  pedalClient,
} from '../../contracts/index.ts';
import type { Address } from '../../crypto/index.ts';

/** The money of the oracle's contracts: what they have, and what they owe. */
export interface Books {
  readonly contract: string;
  readonly balanceWei: bigint;
  readonly owedWei: bigint;
  /** Of deposits that are locked, or of stakes. */
  readonly heldWei: bigint;
  readonly fundWei: bigint;
}

/** Reads what both contracts have and owe. `accounts`: everybody who could be owed something. */
export async function readBooks(client: LedgerClient, accounts: readonly Address[]): Promise<readonly Books[]> {
  const pedal = pedalClient(client);
  const registry = oracleRegistryClient(client);
  const owed = async (of: (account: Address) => Promise<bigint>): Promise<bigint> => sum(await Promise.all(accounts.map(of)));
  const pending = await allPending(pedal);
  const deposits = await Promise.all(pending.map(async (id) => (await pedal.requestOf(id)).depositWei));
  const nodes = Array.from({ length: Number(await registry.nodeCount()) }, (_, at) => registry.node(at + 1));
  return [
    {
      contract: 'Pedal',
      balanceWei: await client.balance(PEDAL_ADDRESS),
      owedWei: await owed((account) => pedal.owedTo(account)),
      heldWei: sum(deposits),
      fundWei: await pedal.fundWei(),
    },
    {
      contract: 'OracleRegistry',
      balanceWei: await client.balance(ORACLE_REGISTRY_ADDRESS),
      owedWei: await owed((account) => registry.owedTo(account)),
      heldWei: sum((await Promise.all(nodes)).map(({ stakeWei }) => stakeWei)),
      fundWei: await registry.fundWei(),
    },
  ];
}

export function isSquare({ balanceWei, owedWei, heldWei, fundWei }: Books): boolean {
  return balanceWei === owedWei + heldWei + fundWei;
}

async function allPending(pedal: ReturnType<typeof pedalClient>): Promise<readonly bigint[]> {
  const ids: bigint[] = [];
  for (let offset = 0n; ; offset += 500n) {
    const page = await pedal.pending({ offset, limit: 500n });
    ids.push(...page);
    if (page.length < 500) return ids;
  }
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
