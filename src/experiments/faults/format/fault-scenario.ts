import type { Micros } from '../../../environment/index.ts';
import type { Range } from '../dice.ts';

/** A number of nodes in terms of the consortium: `f` is how many may fail, `n` how many seal. */
export interface Count {
  readonly per: 'one' | 'f' | 'n';
  readonly plus: number;
}

export interface CountRange {
  readonly min: Count;
  readonly max: Count;
}

/** How a liar lies. */
export const BYZANTINE_KINDS = [
  'twins',
  'equivocate',
  'withhold',
  'late-bodies',
  'garbage',
  'rounds',
  'replay',
  'forge',
  'flood',
  'silent',
  'censor',
  'slow-leader',
  'empty-blocks',
  'forged-roots',
  'lying-server',
] as const;
export type ByzantineKind = (typeof BYZANTINE_KINDS)[number];

/** What is done to nodes, links, disks, clocks and members. */
export const FAULT_KINDS = [
  'crash',
  'partition',
  'cut',
  'link',
  'clog',
  'access',
  'malformed',
  'pause',
  'cpu',
  'clock',
  'full-disk',
  'overload',
  'membership',
  'rot',
  'burst',
  'upgrade',
  'misconfigure',
  'certificate',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export const PARTITION_SHAPES = ['halves', 'minority', 'leader', 'bridge', 'random'] as const;
export type PartitionShape = (typeof PARTITION_SHAPES)[number];

export const DISK_FATES = ['keep', 'lose', 'restore', 'damage-log', 'damage-table', 'damage-blobs'] as const;
export type DiskFate = (typeof DISK_FATES)[number];

/** What the companies decide on. */
export const MEMBER_CHANGES = ['join', 'leave', 'rotate'] as const;
export type MemberChange = (typeof MEMBER_CHANGES)[number];

/** What an operator has wrong in the files of a node. */
export const WRONG_SETTINGS = ['genesis', 'timing', 'other-chain', 'wire', 'contacts', 'storage'] as const;
export type WrongSetting = (typeof WRONG_SETTINGS)[number];

export const TARGETS = ['any', 'leader', 'observer', 'one'] as const;
export type Target = (typeof TARGETS)[number];

/** One line of the fault list: it strikes once, or again and again, each time for a while. Everything drawn is drawn from the seed. */
export interface FaultEntry {
  readonly kind: FaultKind;
  /** From the start of the safety phase to the first strike. */
  readonly first: Range;
  /** From one strike to the next; once when absent. */
  readonly every: Range | undefined;
  /** How long a strike lasts. */
  readonly lasts: Range;
  /** How many nodes it takes. */
  readonly nodes: CountRange;
  readonly who: Target;
  /** False: together with the liars and what is down already never more than f. */
  readonly beyond: boolean;
  /** Chance that the unsynced tail of a crashed node's logs is torn instead of lost. */
  readonly tornTail: number;
  readonly disks: readonly DiskFate[];
  readonly shapes: readonly PartitionShape[];
  /** Cuts end one by one, in a random order, instead of together. */
  readonly swizzle: boolean;
  /** Share of the directed links. */
  readonly share: Range;
  /** No link among n - f honest sealers is touched. */
  readonly keepsCore: boolean;
  readonly latency: Range | undefined;
  readonly jitter: Range | undefined;
  readonly loss: Range | undefined;
  /** Losses come in bursts. */
  readonly bursts: boolean;
  readonly duplicate: Range | undefined;
  readonly reorder: Range | undefined;
  readonly bandwidth: Range | undefined;
  /** Of clocks: how wrong, how fast they run away (parts per million), how far they jump. */
  readonly skew: Range | undefined;
  readonly drift: Range | undefined;
  readonly jump: Range | undefined;
  /** Of `cpu`: the speed that is left; of `overload`: times the load. */
  readonly factor: Range;
  /** Of `rot`: values spoilt at each node. */
  readonly values: CountRange;
  /** Of `burst`: payloads at once, and how large they are. */
  readonly count: CountRange;
  readonly size: Range;
  readonly at: 'all' | 'one';
  readonly changes: readonly MemberChange[];
  readonly settings: readonly WrongSetting[];
}

/** A fault scenario as the runner takes it: every default filled in, every quantity a number in base units. */
export interface FaultScenario {
  readonly name: string;
  readonly description: string;
  /** Sizes it is meant for; the first one is used when none is asked for. */
  readonly nodes: readonly number[];
  readonly chain: { readonly blockIntervalMicros: Micros; readonly heartbeatMicros: Micros; readonly baseTimeoutMicros: Micros };
  readonly network: {
    readonly latency: Range;
    readonly bandwidthBitsPerSecond: number;
    readonly loss: number;
  };
  readonly machines: {
    readonly cores: number;
    readonly syncMicros: Micros;
    /** Every node executes blocks itself and keeps the state on its own disk, instead of sharing both with the others of the process. */
    readonly ownState: boolean;
    /** Blocks behind from which a node fetches a snapshot; the node's default when absent. */
    readonly snapshotBehind: number | undefined;
    /** Bytes that a node keeps in memory for others; its own default when absent. */
    readonly memoryBytes: number | undefined;
    /** Bytes that a node's disk may take; 0 keeps everything. */
    readonly storageBytes: number;
  };
  readonly load: {
    readonly ratePerSecond: number;
    readonly at: 'all' | 'one';
    /** Shares of the transactions that write a record, and that carry a payload; the rest are transfers. */
    readonly records: number;
    readonly payloads: number;
    readonly payloadBytes: Range;
  };
  readonly warmUpMicros: Micros;
  readonly safety: {
    readonly duration: Range;
    readonly liars: CountRange;
    /** Each liar has one to three of these. */
    readonly kinds: readonly ByzantineKind[];
    readonly faults: readonly FaultEntry[];
  };
  readonly liveness: {
    /** Everything acknowledged is in a block, and every node has it, within this time of the heal. */
    readonly withinMicros: Micros;
    /** New blocks that must come. */
    readonly blocks: number;
    /** The first new block comes within this time of the heal; not checked when absent. */
    readonly resumeMicros: Micros | undefined;
  };
  readonly checks: {
    /** Transactions per second while faults run, as a share of those before; not checked when absent. */
    readonly throughputShare: number | undefined;
    /** Blocks per second while faults run, as a share of those before: what is left of a saturated chain's throughput. */
    readonly blockRateShare: number | undefined;
    /** Throughput and block rate are measured from this long after the start of the safety phase. */
    readonly afterMicros: Micros;
    /** Longest time without a block while faults run; not checked when absent. */
    readonly gapMicros: Micros | undefined;
    /** Most time from the heal until all that was acknowledged before it is in blocks; not checked when absent. */
    readonly hangoverMicros: Micros | undefined;
    /** Most blocks until an equivocation that honest sealers can see is on the chain, those of liars not counted; not checked when absent. */
    readonly evidenceBlocks: Count | undefined;
    /** In the end no stored value of a chain is spoilt. */
    readonly repaired: boolean;
    /** Most blocks between an honest acknowledgement and the block that holds the transaction; not checked when absent. */
    readonly inclusionBlocks: Count | undefined;
    /** Nobody honest is ever named in a fault report. */
    readonly nobodyHonestAccused: boolean;
  };
}

/** The number that a count means in a consortium. */
export function countIn(count: Count, size: { readonly n: number; readonly f: number }): number {
  const base = count.per === 'f' ? size.f : count.per === 'n' ? size.n : 0;
  return Math.max(0, base + count.plus);
}
