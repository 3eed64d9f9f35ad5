/**
 * Level 5: the read-only HTTP API of a node and the console that it serves. Owns no data: everything shown is read from
 * the node's own chain and ports.
 */
export type { ConsoleFile, ConsoleFiles } from './console-files.ts';
export { type Api, type CreateApiOptions, createApi } from './create-api.ts';
export { apiErrors } from './errors.ts';
export type { OracleRounds } from './oracle-reads.ts';
export type * from './types.ts';
