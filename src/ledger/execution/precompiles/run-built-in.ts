import {
  type BuiltIn,
  type BuiltInCall,
  type BuiltInLog,
  type BuiltInOutput,
  type BuiltInPlace,
  BuiltInRevert,
  type Steps,
} from './built-in.ts';
import { GasMeter, OutOfGas } from './gas-meter.ts';

/** What became of a call. Only a call that succeeded writes and logs anything. */
export interface BuiltInResult {
  readonly status: 'succeeded' | 'reverted' | 'out-of-gas';
  /** All of the gas given when it ran out. */
  readonly gasUsed: number;
  readonly returnData: Uint8Array;
  readonly writes: ReadonlyMap<string, Uint8Array>;
  readonly logs: readonly BuiltInLog[];
}

/** Runs a call; a promise only when something has to be read from the disk. Rejects only when reading does. */
export function runBuiltIn(
  builtIn: BuiltIn,
  call: BuiltInCall,
  { place, gas }: { readonly place: BuiltInPlace; readonly gas: number },
): BuiltInResult | Promise<BuiltInResult> {
  const meter = new GasMeter(gas);
  try {
    const steps = builtIn.run(call, place, meter);
    const step = steps.next();
    return step.done === true ? succeeded(step.value, meter) : afterReading(steps, step.value, meter);
  } catch (error) {
    return failed(error, meter);
  }
}

async function afterReading(steps: Steps<BuiltInOutput>, reading: Promise<Uint8Array>, meter: GasMeter): Promise<BuiltInResult> {
  let awaited = reading;
  for (;;) {
    const value = await awaited;
    try {
      const step = steps.next(value);
      if (step.done === true) return succeeded(step.value, meter);
      awaited = step.value;
    } catch (error) {
      return failed(error, meter);
    }
  }
}

function succeeded(output: BuiltInOutput, meter: GasMeter): BuiltInResult {
  return { status: 'succeeded', gasUsed: meter.used, ...output };
}

function failed(error: unknown, meter: GasMeter): BuiltInResult {
  if (error instanceof OutOfGas) return { ...NOTHING, status: 'out-of-gas', gasUsed: meter.limit };
  if (error instanceof BuiltInRevert) return { ...NOTHING, status: 'reverted', gasUsed: meter.used, returnData: error.data };
  throw error;
}

const NOTHING = { returnData: new Uint8Array(0), writes: new Map<string, Uint8Array>(), logs: [] };
