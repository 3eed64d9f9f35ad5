import { FIRST_ADDRESS, type KernelInstance, type KernelMemory } from '../kernels.ts';
import { convolutionTwin } from './convolution-twin.ts';
import { layerTwin } from './layer-twin.ts';
import { lossTwin } from './loss-twin.ts';
import { matrixTwin } from './matrix-twin.ts';
import { vectorTwin } from './vector-twin.ts';

/**
 * An instance without WebAssembly: where there is none, and as the oracle of the tests. It gives the same bits as plain SIMD,
 * some ten to forty times slower.
 */
export function plainInstance(): KernelInstance {
  const memory = new PlainMemory();
  return {
    memory,
    kernels: {
      ...matrixTwin(memory),
      ...convolutionTwin(memory),
      ...layerTwin(memory),
      ...lossTwin(memory),
      ...vectorTwin(memory),
    },
  };
}

class PlainMemory implements KernelMemory {
  floats = new Float32Array(FIRST_ADDRESS / 4);
  integers = new Int32Array(this.floats.buffer);
  doubles = new Float64Array(this.floats.buffer);

  grow(sizeBytes: number): void {
    if (sizeBytes <= this.floats.byteLength) return;
    const floats = new Float32Array(Math.ceil(sizeBytes / 8) * 2);
    floats.set(this.floats);
    this.floats = floats;
    this.integers = new Int32Array(floats.buffer);
    this.doubles = new Float64Array(floats.buffer);
  }
}
