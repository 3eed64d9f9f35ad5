/** The host environment: the operating system's clock, network, disk, randomness and processors, and an HTTP server. */
export { createHostEnvironment, type HostEnvironment, type HostOptions } from './host-environment.ts';
export type { LogLevel } from './host-log.ts';
export { type HttpOptions, type HttpServer, serveHttp } from './http-server.ts';
export type { ListenOptions } from './libp2p-node.ts';
export { createLinkShaping, type LinkRule, type LinkShaping } from './link-shaping.ts';
export { nativeBlsCurve } from './native-bls.ts';
export { folderObjects } from './objects/folder-objects.ts';
export { type BlobService, s3Blobs } from './objects/s3-blobs.ts';
export { type S3Options, s3Objects } from './objects/s3-objects.ts';
export { type PostgresOptions, postgresTelemetry } from './telemetry/postgres-telemetry.ts';
export { type SqliteOptions, sqliteTelemetry } from './telemetry/sqlite-telemetry.ts';
