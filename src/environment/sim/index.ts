/** The simulated environment: a whole world of nodes in one process, in virtual time. */
export { EventQueue, NOT_QUEUED, type Queued } from './event-queue.ts';
export type { ClockFault } from './hardware-clock.ts';
export type { GilbertElliott, Latency, LinkParameters } from './link.ts';
export type { LogLevel, LogLine } from './sim-log.ts';
export { OUTSIDE_REQUEST_BYTES } from './sim-outside.ts';
export {
  jsonAnswer,
  type SourceAnswer,
  type SourceContent,
  type SourceFailure,
  type SourceFunction,
  type WorldSources,
} from './sim-sources.ts';
export type { OpenWait } from './tracked-waits.ts';
export { createWorld } from './world.ts';
export type { AccessLine, CrashOptions, DiskImage, NodeOptions, World, WorldOptions, WorldStats } from './world-interface.ts';
