/**
 * Probability that DBFT with m groups of n followers succeeds when every node fails independently with `failure` (the
 * corrected form: the white paper drops binomial coefficients and mixes the limits m/3 and m/2).
 *
 *     P = sum_{i<=m/3} C(m,i) p^i (1-p)^(m-i) * sum_{j<=m/2-i} C(m-i,j) Pg^j (1-Pg)^(m-i-j)
 *     Pg = sum_{g>n/3} C(n,g) p^g (1-p)^(n-g)
 */
export function dbftSuccess(options: { readonly groups: number; readonly followers: number; readonly failure: number }): number {
  const { groups: m, followers: n, failure: p } = options;
  let groupFails = 0;
  for (let g = Math.floor(n / 3) + 1; g <= n; g++) groupFails += binomial(n, g, p);
  let success = 0;
  for (let i = 0; i <= Math.floor(m / 3); i++) {
    let rest = 0;
    for (let j = 0; j <= Math.floor(m / 2) - i; j++) rest += binomial(m - i, j, groupFails);
    success += binomial(m, i, p) * rest;
  }
  return success;
}

/** C(n, k) p^k (1-p)^(n-k). */
function binomial(n: number, k: number, p: number): number {
  let coefficient = 1;
  for (let step = 1; step <= k; step++) coefficient = (coefficient * (n - k + step)) / step;
  return coefficient * p ** k * (1 - p) ** (n - k);
}
