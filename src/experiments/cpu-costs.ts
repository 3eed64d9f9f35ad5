/**
 * Microseconds of one core per unit of each operation that nodes charge. Orders of magnitude of a small server, not a
 * calibration of a particular one: a scenario can set its own under `cpu.costs`.
 */
export const DEFAULT_CPU_COSTS: Readonly<Record<string, number>> = {
  /** One recoverable signature made. */
  vote_sign: 80,
  /** One signature recovered. */
  transaction_recover: 80,
  /** One unit of gas executed: 50 million gas a second (`bench/executor.ts` shows more for plain storage writes). */
  evm_gas: 0.02,
  /** One KiB of samples analysed (2,048 samples at 4 bytes: about a millisecond). */
  'service.vibration.spectrum': 150,
};
