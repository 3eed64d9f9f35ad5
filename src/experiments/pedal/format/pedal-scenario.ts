import type { Micros } from '../../../environment/index.ts';
import type { Fault, Scenario } from '../../scenario/index.ts';

/** What a source of the world outside says. */
export interface SourceSettings {
  readonly name: string;
  /** `number`: one that drifts; `bytes`: content that is replaced now and then. */
  readonly says: 'number' | 'bytes';
  /** Numbers: where it begins. */
  readonly value: number;
  /** Numbers: how much it changes within a second. */
  readonly driftPerSecond: number;
  /** Numbers: how far what one node is told may lie from the value. */
  readonly noise: number;
  readonly sizeBytes: number;
  /** Bytes: time after which the content is another one; undefined: never. */
  readonly changesMicros: Micros | undefined;
  readonly delayMicros: Micros;
  /** Part of the reads that take `slowMicros` instead. */
  readonly slowShare: number;
  readonly slowMicros: Micros;
  /** Down for `downMicros` at the end of every `everyMicros`. */
  readonly down: { readonly everyMicros: Micros; readonly forMicros: Micros } | undefined;
}

/** How requests ask: a median of numbers, the content itself, its digest, or the content encrypted for whoever asked. */
export const REQUEST_FORMS = ['median', 'exact', 'digest', 'encrypted'] as const;
export type RequestForm = (typeof REQUEST_FORMS)[number];

export const ATTACKS = [
  'pretended-master',
  'forged-aggregate',
  'rogue-key',
  'wrong-result',
  'replay',
  'flood',
  'collude',
  'equivocate',
  'silence',
] as const;
export type Attack = (typeof ATTACKS)[number];

export interface AttackerSettings {
  readonly kind: Attack;
  /** Seats of oracle nodes, or for `rogue-key` of an edge node; accounts of strangers where the attack needs no node. */
  readonly nodes: readonly string[];
  readonly everyMicros: Micros;
  readonly fromMicros: Micros;
}

export interface FeedSettings {
  readonly source: string;
  readonly heartbeatMicros: Micros;
  /** Parts of a million. */
  readonly deviationPpm: number;
}

/** A scenario of the oracle as the runner takes it. */
export interface PedalScenario {
  readonly name: string;
  readonly description: string;
  readonly durationMicros: Micros;
  readonly seed: number;
  /** The consortium: no devices, and an edge node only where an attacker sits on it. */
  readonly base: Scenario;
  readonly sources: readonly SourceSettings[];
  readonly load: {
    readonly ratePerSecond: number;
    readonly accounts: number;
    readonly lifeMicros: Micros;
    /** How often each form is asked for, as a share. */
    readonly forms: Readonly<Record<RequestForm, number>>;
    readonly feeds: readonly FeedSettings[];
  };
  /** Each fault waits, from its time on, until a round is under way. */
  readonly faultsDuringRounds: boolean;
  readonly faults: readonly Fault[];
  readonly attackers: readonly AttackerSettings[];
  readonly checks: {
    /** Part of the honest requests that has to be answered. */
    readonly answeredShare: number;
    /** Of those that were asked after the last fault. */
    readonly answeredAfterShare: number;
    /** Refusals that attackers have to meet. */
    readonly refusals: readonly string[];
    /** Masters that have to be replaced, and equivocations that have to be proven, at least. */
    readonly replaced: number;
    readonly proven: number;
  };
}
