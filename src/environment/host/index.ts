/** The host environment: the operating system's clock, network, disk, randomness and processors, and an HTTP server. */
export { createHostEnvironment, type HostEnvironment, type HostOptions } from './host-environment.ts';
export type { LogLevel } from './host-log.ts';
export { type HttpOptions, type HttpServer, serveHttp } from './http-server.ts';
export type { ListenOptions } from './libp2p-node.ts';
export { createLinkShaping, type LinkRule, type LinkShaping } from './link-shaping.ts';
export { nativeBlsCurve } from './native-bls.ts';
