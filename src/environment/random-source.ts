import type { RandomStream } from './environment.ts';

/**
 * A random stream over any source of uniform 32-bit words. Both environments draw through this one
 * implementation, so that a distribution means the same in the simulator and on the host.
 */
export function randomStream(nextWord: () => number): RandomStream {
  const float = (): number => ((nextWord() >>> 5) * 67_108_864 + (nextWord() >>> 6)) / 9_007_199_254_740_992;
  return {
    float,
    integer: (below) => integerBelow(below, nextWord, float),
    bytes: (length) => {
      const out = new Uint8Array(length);
      for (let at = 0; at < length; at += 4) {
        const word = nextWord();
        for (let byte = 0; byte < 4 && at + byte < length; byte++) out[at + byte] = word >>> (8 * byte);
      }
      return out;
    },
    // 1 - float() lies in (0, 1], so the logarithm is finite.
    exponential: (mean) => -mean * Math.log(1 - float()),
    // Box-Muller; the second number of the pair is thrown away, so that a stream's position depends on the count of draws only.
    normal: (mean, deviation) => {
      const radius = Math.sqrt(-2 * Math.log(1 - float()));
      return mean + deviation * radius * Math.cos(2 * Math.PI * float());
    },
  };
}

function integerBelow(below: number, nextWord: () => number, float: () => number): number {
  if (!Number.isSafeInteger(below) || below < 1) throw new RangeError(`integer(below): ${below} is not a positive integer`);
  if (below > 4_294_967_296) return Math.floor(float() * below);
  // Words beyond the largest multiple of `below` are drawn again, otherwise small results would be more likely.
  const limit = 4_294_967_296 - (4_294_967_296 % below);
  for (;;) {
    const word = nextWord() >>> 0;
    if (word < limit) return word % below;
  }
}
