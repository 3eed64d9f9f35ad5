/**
 * Numbers in [-1, 1) from a seed, of 24 bits each, so that single precision holds them exactly: the same on every machine.
 *
 * The generator is SplitMix in 32 bits: a counter, well mixed (Steele, Lea and Flood 2014).
 */
export function seededUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => (nextWord() >>> 8) / 2 ** 23 - 1;

  function nextWord(): number {
    state = (state + 0x9e3779b9) >>> 0;
    let word = state;
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return word ^ (word >>> 15);
  }
}
