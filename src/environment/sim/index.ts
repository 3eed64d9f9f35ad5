/** The simulated environment: a whole world of nodes in one process, in virtual time. */
export { EventQueue } from './event-queue.ts';
export type { Latency, LinkParameters } from './link.ts';
export type { LogLevel, LogLine } from './sim-log.ts';
export type { OpenWait } from './tracked-waits.ts';
export { createWorld } from './world.ts';
export type { CrashOptions, NodeOptions, World, WorldOptions, WorldStats } from './world-interface.ts';
