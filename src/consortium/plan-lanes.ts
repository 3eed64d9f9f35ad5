import type { CrossLedgerConfig, LaneConfig } from '../contracts/index.ts';
import { type Address, type Hex, type NodeKey, toHex } from '../crypto/index.ts';

/** One of several ledgers that are laid out together. */
export interface LaidLedger {
  readonly chainId: number;
  readonly federal: boolean;
}

/** A group of four and who leads it: with fewer nodes nothing is ever signed by a group. */
const ORACLES_OF_A_GROUP = 5;
const DAY_SECONDS = 86_400;
/** Heights that are multiples of this are filed with the federal ledger: eight seconds of a busy chain. */
const FILING_INTERVAL = 16;

const LANE: Omit<LaneConfig, 'trust'> = {
  enabled: true,
  maxDataBytes: 4_096,
  openMessages: 10_000,
  openPerSender: 1_000,
  depositWei: 10n ** 13n,
  graceSeconds: DAY_SECONDS,
  messagesPerPeriod: 1_000,
  bytesPerPeriod: 1_000_000,
  periodSeconds: 60,
};

/**
 * What genesis of one of several ledgers says of the others: a lane with each, who seals it, and on the federal ledger which companies
 * file for it. What the others' consensus signs over is left open, since no genesis can name the hash of one that names its own; it is
 * introduced by the first header that is shown. Roots are believed that the oracle's group and the other ledger's sealers both signed; where
 * too few oracle nodes are laid out for a group, those that the sealers signed.
 */
export function lanesOf(
  own: LaidLedger,
  ledgers: readonly LaidLedger[],
  about: {
    /** Keys of the seats that are on every ledger, by folder. */
    readonly keysOf: (ledger: LaidLedger) => ReadonlyMap<string, NodeKey>;
    readonly oracles: number;
    readonly nowMs: number;
  },
): CrossLedgerConfig {
  const { keysOf, oracles, nowMs } = about;
  const others = ledgers.filter(({ chainId }) => chainId !== own.chainId);
  const companies = addressesOf(keysOf(own), (seat) => seat.startsWith('company-'));
  const lane: LaneConfig = { trust: oracles >= ORACLES_OF_A_GROUP ? 'both' : 'certificate', ...LANE };
  return {
    lanes: others.map(({ chainId }) => ({ peer: BigInt(chainId), lane })),
    sources: others.map((other) => ({
      chainId: BigInt(other.chainId),
      domain: NO_DOMAIN,
      height: 0n,
      timestamp: BigInt(Math.floor(nowMs / 1000)),
      trustingSeconds: 30 * DAY_SECONDS,
      sealers: addressesOf(keysOf(other), (seat) => seat === 'proxy' || seat.startsWith('company-')),
    })),
    ...(own.federal && {
      filed: others.map(({ chainId }) => ({ chainId: BigInt(chainId), interval: FILING_INTERVAL, companies })),
    }),
  };
}

const NO_DOMAIN: Hex = toHex(new Uint8Array(32));

/** Ascending, as the contracts want them. */
function addressesOf(keys: ReadonlyMap<string, NodeKey>, wanted: (seat: string) => boolean): readonly Address[] {
  return [...keys].flatMap(([seat, { address }]) => (wanted(seat) ? [address] : [])).sort();
}
