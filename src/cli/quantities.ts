import { TreadleError } from '../errors.ts';
import { parseAmount, parseQuantity, QuantityError } from '../experiments/index.ts';

/** Reads a time such as "5 s" in milliseconds. @throws TreadleError CLI_BAD_OPTION */
export function durationMs(option: string, text: string): number {
  return Math.round(read(option, () => parseQuantity('duration', text)) / 1000);
}

/** Reads a bandwidth such as "50 Mbit/s" in bits per second. @throws TreadleError CLI_BAD_OPTION */
export function bandwidthBits(option: string, text: string): number {
  return read(option, () => parseQuantity('bandwidth', text));
}

/** Reads a size such as "1 MB" in bytes. @throws TreadleError CLI_BAD_OPTION */
export function sizeOf(option: string, text: string): number {
  return read(option, () => parseQuantity('size', text));
}

/** Reads an amount such as "2000 gwei" in wei. @throws TreadleError CLI_BAD_OPTION */
export function amountWei(option: string, text: string): bigint {
  return read(option, () => parseAmount(text));
}

function read<T>(option: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof QuantityError)
      throw new TreadleError('CLI_BAD_OPTION', { detail: `${option}: ${error.message}`, cause: error });
    throw error;
  }
}
