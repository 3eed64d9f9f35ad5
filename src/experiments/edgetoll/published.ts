/**
 * What EdgeToll (Xiao, Fan, Gao, Cai: "EdgeToll: A Blockchain-based Toll Collection System for Public Sharing of
 * Heterogeneous Edges", 2019) measured on a public test network with blocks about every 15 s: the raw numbers that were
 * published with its experiments. They are never mixed with numbers that were measured here.
 */
export interface PublishedPoint {
  readonly tasks: number;
  /** A channel from device to proxy and one from proxy to edge node, for all tasks. */
  readonly channels: { readonly seconds: number; readonly gas: number };
  /** A channel opened and closed for each task. */
  readonly channelPerTask: { readonly seconds: number; readonly gas: number };
}

export const EDGETOLL_PUBLISHED: readonly PublishedPoint[] = [
  { tasks: 1, channels: { seconds: 80, gas: 235_202 }, channelPerTask: { seconds: 61, gas: 110_079 } },
  { tasks: 5, channels: { seconds: 166, gas: 235_202 }, channelPerTask: { seconds: 222, gas: 588_085 } },
  { tasks: 10, channels: { seconds: 268, gas: 235_298 }, channelPerTask: { seconds: 450, gas: 1_176_362 } },
  { tasks: 50, channels: { seconds: 1077, gas: 235_234 }, channelPerTask: { seconds: 2262, gas: 5_879_980 } },
];

/** Opening and closing one channel of EdgeToll: half of what its two channels cost, rounded down to hundreds. */
export const EDGETOLL_GAS_PER_CHANNEL = 117_600;
