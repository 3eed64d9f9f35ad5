import { encodeDeployData } from 'viem';
import type { Address, Hex } from '../crypto/index.ts';
import { CONSORTIUM_ADDRESS, ORACLE_REGISTRY_ADDRESS, PEDAL_ADDRESS } from './addresses.ts';
import { oracleRegistryArtifact } from './generated/oracle-registry.ts';
import { pedalArtifact } from './generated/pedal.ts';
import { jobId } from './pedal-digests.ts';

/** A kind of task that the oracle does. */
export interface JobConfig {
  /** The least deposit of a request. */
  readonly feeWei: bigint;
  readonly groupSize: number;
  /** Whether the whole group has to sign, and not floor(2s/3) + 1 of it. */
  readonly unanimous: boolean;
  readonly enabled: boolean;
  readonly maxSpecBytes: number;
  readonly maxResultBytes: number;
  /** What is kept of a deposit that brought no result, in parts of ten thousand. */
  readonly forfeit: number;
}

/** What the oracle's contracts are made with; all but jobs and limits of open requests is for good. */
export interface OracleConfig {
  readonly minStakeWei: bigint;
  readonly termBlocks: number;
  readonly exitBlocks: number;
  readonly nodesPerMember: number;
  readonly electBlocks: number;
  readonly expectedWinners: number;
  readonly openRequests: number;
  readonly openPerRequester: number;
  readonly stageBlocks: number;
  readonly silenceBlocks: number;
  readonly silenceSlashWei: bigint;
  readonly jobs: readonly { readonly name: string; readonly config: JobConfig }[];
}

/** Creation code of the oracle's contracts with their arguments, in the order in which they must be placed: Pedal asks the registry. */
export function oracleContracts(
  config: OracleConfig,
): readonly { readonly name: string; readonly address: Address; readonly initCode: Hex }[] {
  const { minStakeWei, termBlocks, exitBlocks, nodesPerMember, electBlocks, expectedWinners } = config;
  const { openRequests, openPerRequester, stageBlocks, silenceBlocks, silenceSlashWei } = config;
  const jobs = config.jobs.map(({ name, config: job }) => ({ name: jobId(name), config: job }));
  return [
    {
      name: oracleRegistryArtifact.name,
      address: ORACLE_REGISTRY_ADDRESS,
      initCode: encodeDeployData({
        abi: oracleRegistryArtifact.abi,
        bytecode: oracleRegistryArtifact.bytecode,
        args: [CONSORTIUM_ADDRESS, PEDAL_ADDRESS, { minStakeWei, termBlocks, exitBlocks, nodesPerMember }],
      }),
    },
    {
      name: pedalArtifact.name,
      address: PEDAL_ADDRESS,
      initCode: encodeDeployData({
        abi: pedalArtifact.abi,
        bytecode: pedalArtifact.bytecode,
        args: [
          ORACLE_REGISTRY_ADDRESS,
          {
            election: { electBlocks, expectedWinners },
            limits: { openRequests, openPerRequester },
            stageBlocks,
            silenceBlocks,
            silenceSlashWei,
          },
          jobs,
        ],
      }),
    },
  ];
}
