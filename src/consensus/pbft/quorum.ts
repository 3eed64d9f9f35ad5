/** Liars that `sealers` sealers tolerate: floor((n-1)/3). */
export function faultsOf(sealers: number): number {
  return Math.floor((sealers - 1) / 3);
}

/**
 * Votes that decide among `sealers` sealers: floor(2n/3)+1. This equals n - f for every n, so the honest alone reach it,
 * and two quorums always share an honest sealer.
 */
export function quorumOf(sealers: number): number {
  return Math.floor((2 * sealers) / 3) + 1;
}
