/** Messages of one decision without faults, by the protocols' own descriptions (replies to clients are not counted). */

/** PBFT among n: pre-prepare n-1, prepare (n-1)^2, commit n(n-1). */
export function pbftMessages(n: number): number {
  return 2 * n * (n - 1);
}

/** DBFT: PBFT among the m leaders, then PBFT within each of the m groups of g. */
export function dbftMessages({ groups, groupSize }: { readonly groups: number; readonly groupSize: number }): number {
  return pbftMessages(groups) + groups * pbftMessages(groupSize);
}

/** RIBFT as reconstructed: propose, vote and confirm within each group of g, then PBFT among the m seats of the master chain. */
export function ribftMessages({ groups, groupSize }: { readonly groups: number; readonly groupSize: number }): number {
  return groups * 3 * (groupSize - 1) + pbftMessages(groups);
}
