/** What joins the ledgers that one process has nodes of: gateways that file, sources of the job `message`, relays. */
export * from './filing-service.ts';
export * from './lane-source.ts';
export * from './relay-service.ts';
export * from './siblings.ts';
