/** Level 0: the only door to time, network, disk, randomness and processors. */

export * from './content-addressed.ts';
export type * from './environment.ts';
export * from './errors.ts';
export type * from './http.ts';
export * from './memory-telemetry.ts';
export * from './objects.ts';
export * from './outside.ts';
export * from './outside-config.ts';
export { CONFIGURED_NAME, checkOutsideSource, isServerAddress, sourceText } from './outside-source.ts';
export { randomStream } from './random-source.ts';
export * from './table-objects.ts';
export * from './telemetry.ts';
export * from './wait.ts';
