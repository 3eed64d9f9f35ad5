import { TreadleError } from '../../errors.ts';
import './errors.ts';
import type { KernelInstance, KernelMemory, Kernels } from './kernels.ts';
import { plainInstance } from './twins/plain-instance.ts';

/** Makes instances of the kernels. One engine serves any number of networks; each has an instance of its own. */
export interface Engine {
  /** `simd` and `typescript` give the same bits on every machine, `relaxed` may not. */
  readonly flavour: 'simd' | 'relaxed' | 'typescript';
  open(): KernelInstance;
}

/** The compiled kernels, as the host read them from `dist/kernels`. */
export interface KernelBytes {
  readonly simd: Uint8Array;
  readonly relaxed?: Uint8Array;
}

export interface EngineOptions {
  /** Without them the kernels run in plain TypeScript. */
  readonly kernels?: KernelBytes;
  /** Relaxed SIMD: faster by about a sixth, and nobody else can repeat the results bit by bit. */
  readonly fastMath?: boolean;
}

const PAGE_BYTES = 65_536;

/**
 * Prepares the kernels.
 *
 * @throws TreadleError LEARNING_KERNELS_INVALID when the bytes are no kernels, LEARNING_FAST_MATH_UNSUPPORTED when fast math is
 *   asked for and the runtime or the bytes do not have it
 */
export function createEngine(options: EngineOptions = {}): Engine {
  const { kernels, fastMath = false } = options;
  if (kernels === undefined) {
    if (fastMath) throw new TreadleError('LEARNING_FAST_MATH_UNSUPPORTED', { detail: 'Fast math needs compiled kernels' });
    return { flavour: 'typescript', open: plainInstance };
  }
  if (fastMath && (kernels.relaxed === undefined || !WebAssembly.validate(kernels.relaxed))) {
    throw new TreadleError('LEARNING_FAST_MATH_UNSUPPORTED');
  }
  const module = compile(fastMath ? (kernels.relaxed as Uint8Array) : kernels.simd);
  return { flavour: fastMath ? 'relaxed' : 'simd', open: () => instantiate(module) };
}

function compile(bytes: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    throw new TreadleError('LEARNING_KERNELS_INVALID', { cause });
  }
}

function instantiate(module: WebAssembly.Module): KernelInstance {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const abort = () => {
    throw new TreadleError('LEARNING_KERNELS_INVALID', { detail: 'A kernel gave up' });
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  return { kernels: exports as unknown as Kernels, memory: new WasmMemory(memory) };
}

class WasmMemory implements KernelMemory {
  readonly #memory: WebAssembly.Memory;
  #views: { readonly floats: Float32Array; readonly integers: Int32Array; readonly doubles: Float64Array };

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#views = viewsOf(memory.buffer);
  }

  get floats(): Float32Array {
    return this.#views.floats;
  }

  get integers(): Int32Array {
    return this.#views.integers;
  }

  get doubles(): Float64Array {
    return this.#views.doubles;
  }

  grow(sizeBytes: number): void {
    const missing = Math.ceil((sizeBytes - this.#memory.buffer.byteLength) / PAGE_BYTES);
    if (missing <= 0) return;
    this.#memory.grow(missing);
    this.#views = viewsOf(this.#memory.buffer);
  }
}

function viewsOf(buffer: ArrayBuffer) {
  return { floats: new Float32Array(buffer), integers: new Int32Array(buffer), doubles: new Float64Array(buffer) };
}
