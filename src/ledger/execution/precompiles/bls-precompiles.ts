import { type EVMBLSInterface, MCLBLS } from '@ethereumjs/evm';
import mcl from 'mcl-wasm';

/** Points multiplied at once: the library copies them to a stack of 1 MiB, which the multiplication itself needs as well. */
const POINTS_AT_ONCE = 32;
const SCALAR_BYTES = 32;
const G1_BYTES = 128;
const G2_BYTES = 256;

// Compiled once, while the module loads, as the hashers are: afterwards the precompiles are synchronous, which the
// simulator's drain between two events relies on.
await mcl.init(mcl.BLS12_381);

/**
 * The curve of EIP-2537 for the EVM, in WebAssembly. It answers what @ethereumjs/evm's own implementation in JavaScript
 * answers, bit for bit, in a quarter of the time; blocks are priced in gas, so the slower one would make them late.
 */
class BoundedCurve extends MCLBLS {
  override msmG1(input: Uint8Array): Uint8Array {
    return inParts(input, G1_BYTES, {
      multiply: (part) => super.msmG1(part),
      add: (points) => super.addG1(points),
    });
  }

  override msmG2(input: Uint8Array): Uint8Array {
    return inParts(input, G2_BYTES, {
      multiply: (part) => super.msmG2(part),
      add: (points) => super.addG2(points),
    });
  }
}

/** The one curve of the process; whoever makes an EVM hands it over. */
export const blsPrecompiles: EVMBLSInterface = new BoundedCurve(mcl);
// Every EVM does this again when it is made: it sets switches of the one library that all share, always to the same.
blsPrecompiles.init?.();

interface Arithmetic {
  multiply(part: Uint8Array): Uint8Array;
  add(points: Uint8Array): Uint8Array;
}

/** A sum of products, a bounded number of them at a time. */
function inParts(input: Uint8Array, pointBytes: number, { multiply, add }: Arithmetic): Uint8Array {
  const partBytes = POINTS_AT_ONCE * (pointBytes + SCALAR_BYTES);
  let sum = multiply(input.subarray(0, partBytes));
  for (let from = partBytes; from < input.length; from += partBytes) {
    const both = new Uint8Array(2 * pointBytes);
    both.set(sum);
    both.set(multiply(input.subarray(from, from + partBytes)), pointBytes);
    sum = add(both);
  }
  return sum;
}
