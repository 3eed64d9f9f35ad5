/** Level 4: services that edge nodes run, tasks, and the payment channels that pay for them. The chain is reached through `ports`. */
export * from './audit/index.ts';
export * from './channel/index.ts';
export { type MarketErrorCode, marketErrors } from './errors.ts';
export * from './ports/index.ts';
export * from './services/index.ts';
export * from './task/index.ts';
