import { z } from 'zod';
import type { JobConfig, OracleConfig } from '../contracts/index.ts';
import { weiText } from './fields.ts';

const count = (least: number, most: number) =>
  z.int('expected a whole number').min(least, `expected ${least} to ${most}`).max(most, `expected ${least} to ${most}`);

/** What a job of the oracle costs and allows; bounds as `Pedal.setJob` has them. */
const job = (defaults: { readonly feeWei: string; readonly maxSpecBytes: number; readonly maxResultBytes: number }) =>
  z.strictObject({
    /** The least deposit of a request; it is what the nodes earn. */
    feeWei: weiText.default(defaults.feeWei),
    /** Nodes that observe; the set needs one more, who leads. */
    groupSize: count(4, 127).default(4),
    /** Whether the whole group has to sign, and not floor(2s/3) + 1 of it. */
    unanimous: z.boolean('expected true or false').default(false),
    maxSpecBytes: count(0, 16_384).default(defaults.maxSpecBytes),
    maxResultBytes: count(0, 8_192).default(defaults.maxResultBytes),
    /** What is kept of a deposit that brought no result, in parts of ten thousand. */
    forfeit: count(0, 2_000).default(1_000),
    /** Whether it takes requests. */
    enabled: z.boolean('expected true or false').default(true),
  });

const GWEI = 10n ** 9n;
const ETHER = 10n ** 18n;
const FEES_WEI = {
  data: (10_000n * GWEI).toString(),
  message: (10_000n * GWEI).toString(),
  compute: (ETHER / 1_000n).toString(),
};
const JOBS = {
  data: job({ feeWei: FEES_WEI.data, maxSpecBytes: 4_096, maxResultBytes: 1_024 }),
  message: job({ feeWei: FEES_WEI.message, maxSpecBytes: 8_192, maxResultBytes: 8_192 }),
  compute: job({ feeWei: FEES_WEI.compute, maxSpecBytes: 4_096, maxResultBytes: 4_096 }),
};

/** Nodes that the oracle has at once, at most: `OracleRegistry.NODES_MAX`. */
const NODES_MAX = 128;
const NODES_PER_MEMBER = 8;

/**
 * What genesis says of the oracle. Blocks come every half second to second under load: with the defaults a term takes one to
 * two minutes, an election four to eight seconds, within which the group of the term before may still answer.
 */
export const oracleSettingsSchema = z
  .strictObject({
    /** What a node puts down to work. */
    minStakeWei: weiText
      .default((10n * ETHER).toString())
      .refine((wei) => BigInt(wei) > 0n && BigInt(wei) < 2n ** 96n, 'expected a stake above 0 and below 2^96 wei'),
    /** Two terms are within the 256 blocks that BLOCKHASH reaches. */
    termBlocks: count(8, 120).default(40),
    /** In which candidates come forward: more than there may be faulty proposers in a row. */
    electBlocks: count(1, 60).default(6),
    /** Between the first transmitter of an answer and the next one. */
    stageBlocks: count(1, 120).default(4),
    /** After which a master that does nothing may be replaced. */
    silenceBlocks: count(1, 120).default(16),
    silenceSlashWei: weiText.default(ETHER.toString()),
    /** For which a stake stays after its node left; four terms when left out. */
    exitBlocks: count(32, 4_294_967_295).optional(),
    /** Candidates to be expected in a term. */
    expectedWinners: count(1, NODES_MAX).default(3),
    /** Nodes that stand for one company, at most: no company fills the set alone. */
    nodesPerMember: count(1, NODES_MAX).default(NODES_PER_MEMBER),
    openRequests: count(1, 4_294_967_295).default(10_000),
    openPerRequester: count(1, 4_294_967_295).default(1_000),
    jobs: z
      .strictObject({ data: JOBS.data.prefault({}), message: JOBS.message.prefault({}), compute: JOBS.compute.prefault({}) })
      .prefault({}),
  })
  .refine(({ termBlocks, electBlocks }) => electBlocks * 2 <= termBlocks, 'expected electBlocks of at most half of termBlocks')
  .refine(
    ({ exitBlocks, termBlocks }) => exitBlocks === undefined || exitBlocks >= 4 * termBlocks,
    'expected exitBlocks of at least four terms',
  );
export type OracleSettings = z.output<typeof oracleSettingsSchema>;
/** What is written: everything may be left out. */
export type OracleSettingsInput = z.input<typeof oracleSettingsSchema>;

/** How many nodes one member may have when so many are planned: its share, and never fewer than {@link NODES_PER_MEMBER}. */
export function nodesPerMemberFor(plan: { readonly oracles: number; readonly companies: number }): number {
  return Math.min(NODES_MAX, Math.max(NODES_PER_MEMBER, Math.ceil(plan.oracles / plan.companies)));
}

/** The settings as the contracts take them. */
export function oracleConfigOf(settings: OracleSettings): OracleConfig {
  const { minStakeWei, silenceSlashWei, jobs, exitBlocks = 4 * settings.termBlocks, ...rest } = settings;
  const jobList = Object.entries(jobs).map(([name, { feeWei, ...limits }]): { name: string; config: JobConfig } => ({
    name,
    config: { feeWei: BigInt(feeWei), ...limits },
  }));
  return { ...rest, exitBlocks, minStakeWei: BigInt(minStakeWei), silenceSlashWei: BigInt(silenceSlashWei), jobs: jobList };
}
