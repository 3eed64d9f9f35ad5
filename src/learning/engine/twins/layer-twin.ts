import type { KernelMemory, Kernels } from '../kernels.ts';
import { sumInLanes } from './matrix-twin.ts';

const round = Math.fround;

type LayerKernels = Pick<
  Kernels,
  'relu' | 'reluBackward' | 'maxPool' | 'maxPoolBackward' | 'swapAxes' | 'batchNorm' | 'batchNormBackward'
>;

/** Rectifier, pooling, flattening and batch norm in plain TypeScript, in the order of the WebAssembly kernels. */
export function layerTwin(memory: KernelMemory): LayerKernels {
  return {
    relu(x, y, count) {
      const f = memory.floats;
      for (let i = 0; i < count; i++) {
        const value = f[(x >> 2) + i] as number;
        f[(y >> 2) + i] = value > 0 ? value : 0;
      }
    },
    reluBackward(y, dy, dx, count) {
      const f = memory.floats;
      for (let i = 0; i < count; i++) f[(dx >> 2) + i] = (f[(y >> 2) + i] as number) > 0 ? (f[(dy >> 2) + i] as number) : 0;
    },
    maxPool(x, y, codes, planes, height, width, rectify) {
      const f = memory.floats;
      let to = 0;
      eachWindow(planes, height, width, (corner) => {
        let [best, code] = [f[(x >> 2) + corner] as number, 0];
        for (let each = 1; each < 4; each++) {
          const value = f[(x >> 2) + corner + (each >> 1) * width + (each & 1)] as number;
          if (value > best) [best, code] = [value, each];
        }
        if (rectify !== 0 && !(best > 0)) [best, code] = [0, -1];
        f[(y >> 2) + to] = best;
        memory.integers[(codes >> 2) + to++] = code;
      });
    },
    maxPoolBackward(dy, codes, dx, planes, height, width) {
      const f = memory.floats;
      f.fill(0, dx >> 2, (dx >> 2) + planes * height * width);
      let from = 0;
      eachWindow(planes, height, width, (corner) => {
        const code = memory.integers[(codes >> 2) + from] as number;
        if (code >= 0) f[(dx >> 2) + corner + (code >> 1) * width + (code & 1)] = f[(dy >> 2) + from] as number;
        from++;
      });
    },
    swapAxes(from, to, outer, rows, columns) {
      const f = memory.floats;
      let at = to >> 2;
      for (let o = 0; o < outer; o++) {
        for (let c = 0; c < columns; c++) {
          for (let r = 0; r < rows; r++) f[at++] = f[(from >> 2) + (o * rows + r) * columns + c] as number;
        }
      }
    },
    batchNorm(x, y, gamma, beta, running, saved, channels, count, momentumGiven, epsilonGiven, training) {
      const f = memory.floats;
      const [momentum, epsilon] = [round(momentumGiven), round(epsilonGiven)];
      for (let c = 0; c < channels; c++) {
        const [from, to] = [(x >> 2) + c * count, (y >> 2) + c * count];
        const [meanAt, varianceAt] = [(running >> 2) + c, (running >> 2) + channels + c];
        let [mean, variance] = [f[meanAt] as number, f[varianceAt] as number];
        if (training !== 0) {
          mean = round(sumInLanes(count, (i) => f[from + i] as number) / count);
          const squares = sumInLanes(count, (i) => square((f[from + i] as number) - mean));
          variance = round(squares / count);
          const unbiased = round(squares / Math.max(1, count - 1));
          const keep = round(1 - momentum);
          f[meanAt] = round((f[meanAt] as number) * keep) + round(mean * momentum);
          f[varianceAt] = round((f[varianceAt] as number) * keep) + round(unbiased * momentum);
        }
        const inverse = round(1 / round(Math.sqrt(round(variance + epsilon))));
        f[(saved >> 2) + c] = mean;
        f[(saved >> 2) + channels + c] = inverse;
        const [scale, shift] = [round((f[(gamma >> 2) + c] as number) * inverse), f[(beta >> 2) + c] as number];
        for (let i = 0; i < count; i++) f[to + i] = round(round((f[from + i] as number) - mean) * scale) + shift;
      }
    },
    batchNormBackward(x, dy, dx, gamma, dGamma, dBeta, saved, channels, count) {
      const f = memory.floats;
      for (let c = 0; c < channels; c++) {
        const [mean, inverse] = [f[(saved >> 2) + c] as number, f[(saved >> 2) + channels + c] as number];
        const slopeAt = (i: number) => f[(dy >> 2) + c * count + i] as number;
        const centredAt = (i: number) => round((f[(x >> 2) + c * count + i] as number) - mean);
        const plain = sumInLanes(count, slopeAt);
        const weighted = sumInLanes(count, (i) => round(slopeAt(i) * centredAt(i)));
        f[(dBeta >> 2) + c] = plain;
        const gradient = round(weighted * inverse);
        f[(dGamma >> 2) + c] = gradient;
        const scale = round((f[(gamma >> 2) + c] as number) * inverse);
        const meanPlain = round(plain / count);
        const slope = round(round(gradient * inverse) / count);
        for (let i = 0; i < count; i++) {
          const rest = round(round(slopeAt(i) - meanPlain) - round(centredAt(i) * slope));
          f[(dx >> 2) + c * count + i] = scale * rest;
        }
      }
    },
  };
}

function square(value: number): number {
  return round(round(value) * round(value));
}

/** Calls `visit` with the upper left corner of every 2 x 2 window, in order. */
function eachWindow(planes: number, height: number, width: number, visit: (corner: number) => void): void {
  for (let p = 0; p < planes; p++) {
    for (let r = 0; r < height >> 1; r++) {
      for (let q = 0; q < width >> 1; q++) visit((p * height + 2 * r) * width + 2 * q);
    }
  }
}
