import type { ConsensusStatus } from './core.ts';

/**
 * The port of a consensus engine, whatever its alphabet of events and effects: a pure, synchronous state machine without
 * clock, network, disk or key. `ConsensusCore` is this port with the alphabet of PBFT; the engines that it is compared
 * with have the alphabet of `./baselines`.
 */
export interface ConsensusEngine<Event, Effect> {
  /** Runs one event to completion. Effects are to be carried out in their order. */
  step(event: Event): readonly Effect[];
  status(): ConsensusStatus;
}
