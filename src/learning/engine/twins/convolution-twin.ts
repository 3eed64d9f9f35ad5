import type { KernelMemory, Kernels } from '../kernels.ts';

const round = Math.fround;

type ConvolutionKernels = Pick<
  Kernels,
  'convolutionRoom' | 'convolve' | 'convolveWeights' | 'convolveInput' | 'im2col' | 'col2im'
>;

/** Convolutions in plain TypeScript: the same sums in the same order as the WebAssembly kernels. */
export function convolutionTwin(memory: KernelMemory): ConvolutionKernels {
  return {
    convolutionRoom: () => 0,
    convolve(x, w, bias, y, channels, batch, height, width, outputs, kernel) {
      const f = memory.floats;
      const [rows, columns] = [height - kernel + 1, width - kernel + 1];
      let weightsAt = w >> 2;
      let to = y >> 2;
      for (let o = 0; o < outputs; o++) {
        const span = batch * rows * columns;
        f.fill(f[(bias >> 2) + o] as number, to, to + span);
        for (let c = 0; c < channels; c++) {
          for (let ky = 0; ky < kernel; ky++) {
            for (let kx = 0; kx < kernel; kx++) {
              const weight = f[weightsAt++] as number;
              let at = to;
              for (let n = 0; n < batch; n++) {
                for (let r = 0; r < rows; r++) {
                  const from = (x >> 2) + ((c * batch + n) * height + r + ky) * width + kx;
                  for (let q = 0; q < columns; q++) {
                    f[at] = (f[at] as number) + round(weight * (f[from + q] as number));
                    at++;
                  }
                }
              }
            }
          }
        }
        to += span;
      }
    },
    convolveWeights(x, dy, dw, channels, batch, height, width, outputs, kernel) {
      const f = memory.floats;
      const [rows, columns] = [height - kernel + 1, width - kernel + 1];
      const lanes = new Float32Array(4);
      let to = dw >> 2;
      for (let o = 0; o < outputs; o++) {
        for (let c = 0; c < channels; c++) {
          for (let ky = 0; ky < kernel; ky++) {
            for (let kx = 0; kx < kernel; kx++) {
              lanes.fill(0);
              let d = (dy >> 2) + o * batch * rows * columns;
              for (let n = 0; n < batch; n++) {
                for (let r = 0; r < rows; r++) {
                  const from = (x >> 2) + ((c * batch + n) * height + r + ky) * width + kx;
                  for (let q = 0; q < columns; q++) {
                    lanes[q & 3] = (lanes[q & 3] as number) + round((f[d++] as number) * (f[from + q] as number));
                  }
                }
              }
              const [l0, l1, l2, l3] = lanes as unknown as [number, number, number, number];
              f[to++] = round(l0 + l1) + round(l2 + l3);
            }
          }
        }
      }
    },
    convolveInput(dy, w, dx, channels, batch, height, width, outputs, kernel) {
      const f = memory.floats;
      const [rows, columns] = [height - kernel + 1, width - kernel + 1];
      const taps = channels * kernel * kernel;
      f.fill(0, dx >> 2, (dx >> 2) + channels * batch * height * width);
      for (let n = 0; n < batch; n++) {
        for (let r = 0; r < rows; r++) {
          for (let block = 0; block < columns; block += 8) {
            for (let t = 0; t < taps; t++) {
              const [c, ky, kx] = [Math.floor(t / (kernel * kernel)), Math.floor(t / kernel) % kernel, t % kernel];
              const to = (dx >> 2) + ((c * batch + n) * height + r + ky) * width + kx;
              for (let q = block; q < block + 8; q++) {
                let sum = 0;
                for (let o = 0; o < outputs; o++) {
                  const d = f[(dy >> 2) + ((o * batch + n) * rows + r) * columns + q] as number;
                  sum = round(sum + round((f[(w >> 2) + o * taps + t] as number) * d));
                }
                f[to + q] = (f[to + q] as number) + sum;
              }
            }
          }
        }
      }
    },
    im2col(x, to, ...shape) {
      const f = memory.floats;
      eachTap(shape, (from, column) => {
        f[(to >> 2) + column] = from < 0 ? 0 : (f[(x >> 2) + from] as number);
      });
    },
    col2im(from, dx, ...shape) {
      const f = memory.floats;
      const [channels, batch, height, width] = shape;
      f.fill(0, dx >> 2, (dx >> 2) + channels * batch * height * width);
      eachTap(shape, (to, column) => {
        if (to >= 0) f[(dx >> 2) + to] = (f[(dx >> 2) + to] as number) + (f[(from >> 2) + column] as number);
      });
    },
  };
}

type Shape = readonly [channels: number, batch: number, height: number, width: number, kernel: number, padding: number];

/** Every element of the columns in order, with the element of the input that it is taken from; -1 outside. */
function eachTap([channels, batch, height, width, kernel, padding]: Shape, visit: (from: number, column: number) => void): void {
  const [rows, columns] = [height + 2 * padding - kernel + 1, width + 2 * padding - kernel + 1];
  let column = 0;
  for (let tap = 0; tap < channels * kernel * kernel; tap++) {
    const [c, ky, kx] = [Math.floor(tap / (kernel * kernel)), Math.floor(tap / kernel) % kernel, tap % kernel];
    for (let n = 0; n < batch; n++) {
      for (let r = 0; r < rows; r++) {
        const y = r + ky - padding;
        for (let q = 0; q < columns; q++) {
          const x = q + kx - padding;
          const inside = y >= 0 && y < height && x >= 0 && x < width;
          visit(inside ? ((c * batch + n) * height + y) * width + x : -1, column++);
        }
      }
    }
  }
}
