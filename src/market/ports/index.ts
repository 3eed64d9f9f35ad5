/** What the market needs of the chain, and how the contracts give it. */
export { createMatchReader, type MatchReader } from './await-match.ts';
export type * from './channel-chain.ts';
export { channelTotals } from './channel-totals.ts';
export { type ChannelChainDependencies, createChannelChain } from './contract-channels.ts';
export { createMatchChain, type MatchChainDependencies } from './contract-matches.ts';
export type * from './match-chain.ts';
