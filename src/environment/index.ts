/** Level 0: the only door to time, network, disk, randomness and processors. */
export type * from './environment.ts';
export * from './errors.ts';
export type * from './http.ts';
export { randomStream } from './random-source.ts';
export * from './wait.ts';
