import type { Address, Hex } from '../crypto/index.ts';
import { FEDERAL_FILE_ADDRESS } from './addresses.ts';
import { contractPort } from './contract-port.ts';
import { federalFileArtifact } from './generated/federal-file.ts';
import type { Place } from './lane-tree.ts';
import type { LedgerClient } from './ledger-client.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';

/** What a gateway says of a height of its ledger. */
export interface FilingContent {
  readonly blockHash: Hex;
  /** Root over the leaves of the ledger's lanes, ascending by destination. */
  readonly lanesRoot: Hex;
  readonly lanes: bigint;
}

export interface Filing extends FilingContent {
  /** Seconds since the Unix epoch. */
  readonly filedAt: bigint;
  /** Who filed it first. */
  readonly gateway: Address;
  /** Bit i: a gateway of company i of the ledger filed this. */
  readonly companies: bigint;
}

export interface FilingStanding {
  readonly filing: Filing;
  readonly confirmations: bigint;
  /** With so many, one of them is honest. */
  readonly wanted: bigint;
  /** Enough confirm it, nobody contradicts it, and the ledger is not blocked. */
  readonly usable: boolean;
}

export interface FiledLedger {
  readonly interval: number;
  readonly lastHeight: bigint;
  readonly lastFiledAt: bigint;
  /** Heights that are contradicted and not resolved. */
  readonly contradictions: number;
  readonly companies: readonly Address[];
}

/** The federal ledger's file in the words of the domain. Every method rejects as the ledger client's `call` or `transact` does. */
export interface FederalFileClient {
  /** This client's account is a gateway of the ledger, or one of its companies. */
  file(chainId: bigint, height: bigint, content: FilingContent): Promise<TransactionReceipt>;
  /** This client's account is a company of the ledger. */
  setGateway(chainId: bigint, gateway: Address, serves: boolean): Promise<TransactionReceipt>;
  ledger(chainId: bigint): Promise<FiledLedger>;
  /** The different filings of a height: more than one contradict each other. */
  filings(chainId: bigint, height: bigint): Promise<readonly Filing[]>;
  /** Rejects with CONTRACT_REVERTED (NothingFiled) when there is none. */
  standing(chainId: bigint, height: bigint): Promise<FilingStanding>;
  /** Whether a lane with this size and root is in the one filing of a height. */
  includes(
    chainId: bigint,
    height: bigint,
    lane: { readonly destination: bigint; readonly size: bigint; readonly root: Hex },
    place: Pick<Place, 'index' | 'proof'>,
  ): Promise<boolean>;
}

/** A client of the federal ledger's file. */
export function federalFileClient(ledger: LedgerClient, address: Address = FEDERAL_FILE_ADDRESS): FederalFileClient {
  const port = contractPort(ledger, address, federalFileArtifact.abi);
  return {
    async file(chainId, height, { blockHash, lanesRoot, lanes }) {
      return (await port.write('file', [chainId, height, blockHash, lanesRoot, lanes])).receipt;
    },
    setGateway: async (chainId, gateway, serves) => (await port.write('setGateway', [chainId, gateway, serves])).receipt,
    ledger: (chainId) => port.read('ledgerOf', [chainId]),
    filings: (chainId, height) => port.read('filingsOf', [chainId, height]),
    async standing(chainId, height) {
      const [filing, confirmations, wanted, usable] = await port.read('standing', [chainId, height]);
      return { filing, confirmations, wanted, usable };
    },
    includes: (chainId, height, { destination, size, root }, { index, proof }) =>
      port.read('includes', [chainId, height, destination, size, root, index, proof]),
  };
}
