import { TreadleError } from '../errors.ts';

/** Reads a whole number of an option. @throws TreadleError CLI_BAD_OPTION */
export function wholeNumber(option: string, text: string, range: { readonly min: number; readonly max: number }): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < range.min || value > range.max) {
    throw new TreadleError('CLI_BAD_OPTION', {
      detail: `${option} is "${text}", expected a whole number from ${range.min} to ${range.max}`,
    });
  }
  return value;
}

/** Reads a decimal number of an option. @throws TreadleError CLI_BAD_OPTION */
export function decimal(option: string, text: string | undefined, range: { readonly min: number; readonly max: number }): number {
  const value = Number(text);
  if (text === undefined || text.trim() === '' || !Number.isFinite(value) || value < range.min || value > range.max) {
    throw new TreadleError('CLI_BAD_OPTION', {
      detail: `${option} is "${text ?? ''}", expected a number from ${range.min} to ${range.max}`,
    });
  }
  return value;
}

/** Degrees of an option as an integer number of micro-degrees. */
export function microDegrees(option: string, text: string | undefined, max: number): number {
  return Math.round(decimal(option, text, { min: -max, max }) * 1e6);
}
