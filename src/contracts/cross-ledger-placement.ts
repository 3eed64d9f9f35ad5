import { encodeDeployData } from 'viem';
import type { Address, Hex } from '../crypto/index.ts';
import {
  CONSORTIUM_ADDRESS,
  FEDERAL_FILE_ADDRESS,
  INBOX_ADDRESS,
  LANE_CONTROL_ADDRESS,
  OUTBOX_ADDRESS,
  PEDAL_ADDRESS,
  SOURCE_HEADERS_ADDRESS,
} from './addresses.ts';
import { federalFileArtifact } from './generated/federal-file.ts';
import { inboxArtifact } from './generated/inbox.ts';
import { laneControlArtifact } from './generated/lane-control.ts';
import { outboxArtifact } from './generated/outbox.ts';
import { sourceHeadersArtifact } from './generated/source-headers.ts';

/** By what the root of another ledger is believed, in the contract's order. */
export const laneTrusts = ['none', 'group', 'certificate', 'both'] as const;
export type LaneTrust = (typeof laneTrusts)[number];

/** The lanes to and from another ledger. */
export interface LaneConfig {
  readonly trust: Exclude<LaneTrust, 'none'>;
  /** Whether messages are sent and executed; receipts go on in any case. */
  readonly enabled: boolean;
  readonly maxDataBytes: number;
  readonly openMessages: number;
  readonly openPerSender: number;
  readonly depositWei: bigint;
  /** Time after a message's expiry from which on its sender may give up. */
  readonly graceSeconds: number;
  readonly messagesPerPeriod: number;
  readonly bytesPerPeriod: number;
  readonly periodSeconds: number;
}

/** Another ledger as a light client begins to believe it. */
export interface SourceConfig {
  readonly chainId: bigint;
  /** The other ledger's `genesisDomain`; zeros when it has to be introduced. */
  readonly domain: Hex;
  readonly height: bigint;
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint;
  readonly trustingSeconds: number;
  /** Ascending; they seal the height after `height`. */
  readonly sealers: readonly Address[];
}

/** A local ledger whose gateways file with the federal one. */
export interface FiledLedgerConfig {
  readonly chainId: bigint;
  /** Multiples of this height are filed. */
  readonly interval: number;
  /** Accounts, on the federal ledger, of the companies that run it. */
  readonly companies: readonly Address[];
}

export interface CrossLedgerConfig {
  readonly lanes: readonly { readonly peer: bigint; readonly lane: LaneConfig }[];
  readonly sources: readonly SourceConfig[];
  /** On the federal ledger only. */
  readonly filed?: readonly FiledLedgerConfig[];
}

/** A lane as the contract takes it. */
export function laneTuple({ trust, ...lane }: LaneConfig) {
  return { trust: laneTrusts.indexOf(trust), ...lane };
}

/** Creation code of the cross-ledger contracts with their arguments. None of the constructors calls another contract. */
export function crossLedgerContracts(
  config: CrossLedgerConfig,
): readonly { readonly name: string; readonly address: Address; readonly initCode: Hex }[] {
  const lanes = config.lanes.map(({ peer, lane }) => ({ peer, lane: laneTuple(lane) }));
  const federalFile: Address = config.filed === undefined ? '0x0000000000000000000000000000000000000000' : FEDERAL_FILE_ADDRESS;
  const parts = { headers: SOURCE_HEADERS_ADDRESS, inbox: INBOX_ADDRESS, outbox: OUTBOX_ADDRESS, federalFile };
  const placed = [
    {
      name: laneControlArtifact.name,
      address: LANE_CONTROL_ADDRESS,
      initCode: encodeDeployData({ ...laneControlArtifact, args: [CONSORTIUM_ADDRESS, parts, lanes] }),
    },
    {
      name: sourceHeadersArtifact.name,
      address: SOURCE_HEADERS_ADDRESS,
      initCode: encodeDeployData({ ...sourceHeadersArtifact, args: [LANE_CONTROL_ADDRESS, OUTBOX_ADDRESS, [...config.sources]] }),
    },
    {
      name: outboxArtifact.name,
      address: OUTBOX_ADDRESS,
      initCode: encodeDeployData({ ...outboxArtifact, args: [LANE_CONTROL_ADDRESS, INBOX_ADDRESS] }),
    },
    {
      name: inboxArtifact.name,
      address: INBOX_ADDRESS,
      initCode: encodeDeployData({
        ...inboxArtifact,
        args: [LANE_CONTROL_ADDRESS, SOURCE_HEADERS_ADDRESS, OUTBOX_ADDRESS, PEDAL_ADDRESS],
      }),
    },
  ];
  if (config.filed === undefined) return placed;
  const filed = encodeDeployData({ ...federalFileArtifact, args: [LANE_CONTROL_ADDRESS, [...config.filed]] });
  return [...placed, { name: federalFileArtifact.name, address: FEDERAL_FILE_ADDRESS, initCode: filed }];
}
