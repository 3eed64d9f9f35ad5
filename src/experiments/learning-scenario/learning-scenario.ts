import type { Micros } from '../../environment/index.ts';

/** What a liar of a scenario does: attacks that one client can make alone. */
export const LONE_ATTACKS = ['random-weights', 'sign-flip', 'scaled-update', 'label-flip', 'free-rider'] as const;
export type LoneAttack = (typeof LONE_ATTACKS)[number];

/** Something that happens once a round is under way. */
export interface LearningFault {
  readonly duringRound: number;
  readonly forMicros: Micros;
  /** The coordinator loses power, or clients lose their lines. */
  readonly what: { readonly type: 'crash' } | { readonly type: 'cutOff'; readonly clients: readonly number[] };
}

/** A training over simulated nodes, as the runner takes it. */
export interface LearningScenario {
  readonly name: string;
  readonly description: string;
  readonly seed: number;
  readonly durationMicros: Micros;
  readonly clients: {
    readonly count: number;
    readonly active: number;
    readonly quorum: number;
    readonly deadlineMicros: Micros;
    readonly attempts: number;
  };
  readonly data: { readonly machines: number; readonly windows: number; readonly partition: 'iid' | 'slices' | 'machine' };
  readonly training: {
    readonly rounds: number;
    readonly epochs: number;
    readonly batchSize: number;
    readonly learningRate: number;
    readonly strategy: string;
  };
  readonly network: {
    readonly latencyMicros: Micros;
    readonly uplinkBitsPerSecond: number;
    readonly downlinkBitsPerSecond: number;
    readonly loss: number;
  };
  readonly faults: readonly LearningFault[];
  readonly attackers: readonly { readonly attack: LoneAttack; readonly clients: readonly number[] }[];
  readonly checks: { readonly accuracy: number; readonly liarsTaken: number };
}
