/**
 * Microseconds of one core per unit of each operation that nodes charge. Orders of magnitude of a small server, not a
 * calibration of a particular one: a scenario can name one under `cpu.calibration`, and set its own under `cpu.costs`.
 */
export const DEFAULT_CPU_COSTS: Readonly<Record<string, number>> = {
  /** One recoverable signature made. */
  vote_sign: 80,
  /** The signature of one vote recovered. */
  vote_verify: 80,
  /** One signature recovered. */
  transaction_recover: 80,
  /** One BLS signature made (`bench/bls.ts`). */
  bls_sign: 250,
  /** One BLS signature checked, of one key or of a few that signed the same. */
  bls_verify: 900,
  /** One BLS signature added to others. */
  bls_aggregate: 60,
  /** One KiB of a payload's body hashed: SHA-256 in WASM does 400 MiB a second. */
  payload_kib: 2.5,
  /** One unit of gas executed: 50 million gas a second (`bench/executor.ts` shows more for plain storage writes). */
  evm_gas: 0.02,
  /** One unit of gas of a transaction to the records, which no interpreter runs: some 60 us for an anchor of 45,000. */
  records_gas: 0.0013,
  /** One pass over one sample: the MNIST network trains some 9,000 a second (`bench/learning.ts`). */
  'learning.train': 110,
  /** One KiB of samples analysed (2,048 samples at 4 bytes: about a millisecond). */
  'service.vibration.spectrum': 150,
  /** One KiB of pixels classified, by the network for MNIST (784 bytes in one unit). */
  'service.image.classify': 190,
  /** One KiB of samples diagnosed: a window of 16 KiB takes 0.4 ms, nearly all of it for the orders that the network takes. */
  'service.vibration.diagnose': 25,
};
