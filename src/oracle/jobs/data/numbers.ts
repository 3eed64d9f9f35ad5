/** More digits behind the point than any sensor or price has; 10^36 leaves room for 10^40 before it in 256 bits. */
export const DECIMALS_MAX = 36;

const INT256_MAX = (1n << 255n) - 1n;
const DIGITS_MAX = 400;
const NUMBER = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/**
 * A decimal number times 10^decimals, rounded half away from zero, without passing through binary fractions.
 * @returns undefined when the text is no number, or the result has no room in 256 bits
 */
export function scaledInteger(text: string, decimals: number): bigint | undefined {
  const match = NUMBER.exec(text.trim());
  if (match === null || text.length > DIGITS_MAX) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const shift = decimals + Number(exponent) - fraction.length;
  if (Math.abs(shift) > DIGITS_MAX) return /[1-9]/.test(whole + fraction) && shift > 0 ? undefined : 0n;
  const digits = BigInt(whole + fraction);
  const magnitude = shift >= 0 ? digits * 10n ** BigInt(shift) : roundedQuotient(digits, 10n ** BigInt(-shift));
  if (magnitude > INT256_MAX) return undefined;
  return sign === '-' ? -magnitude : magnitude;
}

function roundedQuotient(value: bigint, divisor: bigint): bigint {
  return (2n * value + divisor) / (2n * divisor);
}

/** A signed 256-bit word, big-endian, as `abi.encode(int256)`. */
export function wordOf(value: bigint): Uint8Array {
  const out = new Uint8Array(32);
  let rest = BigInt.asUintN(256, value);
  for (let at = 31; at >= 0; at--, rest >>= 8n) out[at] = Number(rest & 255n);
  return out;
}

export function fromWord(word: Uint8Array): bigint {
  return BigInt.asIntN(
    256,
    word.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n),
  );
}
