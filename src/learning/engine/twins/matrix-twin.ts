import type { KernelMemory, Kernels } from '../kernels.ts';

const round = Math.fround;

type MatrixKernels = Pick<Kernels, 'gemmRoom' | 'gemm' | 'rowSums'>;

/** The matrix product and row sums in plain TypeScript: the same sums in the same order as the WebAssembly kernels. */
export function matrixTwin(memory: KernelMemory): MatrixKernels {
  return {
    gemmRoom: () => 0,
    gemm(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, start, bias) {
      const f = memory.floats;
      const [fromA, fromB, fromC, fromBias] = [a >> 2, b >> 2, c >> 2, bias >> 2];
      for (let i = 0; i < m; i++) {
        const row = fromC + i * n;
        if (start !== 1) f.fill(start === 2 ? (f[fromBias + i] as number) : 0, row, row + n);
        for (let p = 0; p < k; p++) {
          const weight = f[fromA + i * aRow + p * aColumn] as number;
          let at = fromB + p * bRow;
          for (let j = row; j < row + n; j++) {
            f[j] = (f[j] as number) + round(weight * (f[at] as number));
            at += bColumn;
          }
        }
      }
    },
    rowSums(from, to, rows, columns) {
      const f = memory.floats;
      for (let r = 0; r < rows; r++) {
        const start = (from >> 2) + r * columns;
        f[(to >> 2) + r] = sumInLanes(columns, (i) => f[start + i] as number);
      }
    },
  };
}

/** The sum of `count` numbers as four lanes add them, then the lanes pairwise, then the rest one by one. */
export function sumInLanes(count: number, at: (index: number) => number): number {
  const lanes = new Float32Array(4);
  const whole = count - (count % 4);
  for (let i = 0; i < whole; i++) lanes[i & 3] = (lanes[i & 3] as number) + at(i);
  const [a, b, c, d] = lanes as unknown as [number, number, number, number];
  let sum = round(round(a + b) + round(c + d));
  for (let i = whole; i < count; i++) sum = round(sum + at(i));
  return sum;
}
