/** The part of fft.js 4 that the house uses; the library ships no types. */
declare module 'fft.js' {
  class FFT {
    /** `size` must be a power of two above 1. */
    constructor(size: number);
    readonly size: number;
    /** An array of 2 * size numbers: real and imaginary parts in turn. */
    createComplexArray(): number[];
    /** Transforms `size` real numbers; fills bins 0..size/2 of `output`. */
    realTransform(output: number[], input: ArrayLike<number>): void;
  }
  export = FFT;
}
