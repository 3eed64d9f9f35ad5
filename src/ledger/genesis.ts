import type { Address, Hex } from '../crypto/index.ts';

/** A contract that exists from block 0: its constructor runs while the genesis state is built. */
export interface GenesisContract {
  readonly name: string;
  /** Where it will stand. */
  readonly address: Address;
  /** Creation code followed by the ABI-encoded constructor arguments. */
  readonly initCode: Hex;
}

/** The pace of the chain: every sealer must keep the same one. Milliseconds. */
export interface ChainTiming {
  /** Least time between two blocks. */
  readonly blockIntervalMs: number;
  /** An empty block is made when nothing happened for so long. */
  readonly heartbeatMs: number;
  /** Time that a proposer has, once there is work, before the others move to the next round. */
  readonly baseTimeoutMs: number;
  /**
   * Time that the first transaction after a pause waits for company, so that what many send at the same moment is in one block and
   * not, but for a few, in the next one an interval later. Somewhat more than a trip between sealers; none when absent.
   */
  readonly gatherMs?: number;
}

/** Blocks twice a second under load, one in ten seconds when idle, a silent proposer replaced after two seconds. */
export const DEFAULT_TIMING: ChainTiming = { blockIntervalMs: 500, heartbeatMs: 10_000, baseTimeoutMs: 2_000 };

/** Everything that two nodes must share to be on the same chain; kept as `genesis.json`. */
export interface Genesis {
  readonly chainId: number;
  /** Milliseconds since the Unix epoch. */
  readonly timestampMs: number;
  readonly gasLimit: Hex;
  /** {@link DEFAULT_TIMING} when absent. */
  readonly timing?: ChainTiming;
  /** The sealers that vote for block 1, ascending. Must equal what the contract at `governance` answers. */
  readonly sealers: readonly Address[];
  /** The contract whose `sealers()` view (address[]) names the sealers of the next height. */
  readonly governance: Address;
  /** Balances in wei, decimal. */
  readonly alloc: Readonly<Record<Address, string>>;
  readonly contracts: readonly GenesisContract[];
}
