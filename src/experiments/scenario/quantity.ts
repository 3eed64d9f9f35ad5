import { nearestName } from '../../suggestion.ts';

/** How many base units a unit is, as a fraction so that "0.5 %" and "1.5 ether" stay exact. */
interface UnitSize {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const whole = (numerator: bigint): UnitSize => ({ numerator, denominator: 1n });

interface QuantityKind {
  /** For messages: what is expected, with an example. */
  readonly description: string;
  readonly units: Readonly<Record<string, UnitSize>>;
  /** Name of the base unit; the value must be a whole number of it unless `fractional`. */
  readonly base: string;
  readonly fractional?: true;
}

const TIME_UNITS = {
  us: whole(1n),
  ms: whole(1_000n),
  s: whole(1_000_000n),
  min: whole(60_000_000n),
  h: whole(3_600_000_000n),
  d: whole(86_400_000_000n),
};

/** The kinds of quantity a scenario may state. */
export const QUANTITIES = {
  duration: { description: 'a time such as "20 ms" or "10 min"', base: 'us', units: TIME_UNITS },
  cost: {
    description: 'a processor time such as "80 us"',
    base: 'us',
    fractional: true,
    units: { ns: { numerator: 1n, denominator: 1000n }, us: TIME_UNITS.us, ms: TIME_UNITS.ms, s: TIME_UNITS.s },
  },
  bandwidth: {
    description: 'a bandwidth such as "50 Mbit/s"',
    base: 'bit/s',
    units: { 'bit/s': whole(1n), 'kbit/s': whole(1_000n), 'Mbit/s': whole(1_000_000n), 'Gbit/s': whole(1_000_000_000n) },
  },
  size: {
    description: 'a size such as "1 MB"',
    base: 'B',
    units: {
      B: whole(1n),
      kB: whole(1_000n),
      KiB: whole(1_024n),
      MB: whole(1_000_000n),
      MiB: whole(1_048_576n),
      GB: whole(1_000_000_000n),
      GiB: whole(1_073_741_824n),
    },
  },
  share: {
    description: 'a share such as "0.5 %"',
    base: '1',
    fractional: true,
    units: { '%': { numerator: 1n, denominator: 100n } },
  },
  length: { description: 'a length such as "2 km"', base: 'm', fractional: true, units: { m: whole(1n), km: whole(1_000n) } },
  frequency: { description: 'a frequency such as "6400 Hz"', base: 'Hz', units: { Hz: whole(1n), kHz: whole(1_000n) } },
  amount: {
    description: 'an amount such as "1000 gwei" or "1 ether"',
    base: 'wei',
    units: { wei: whole(1n), gwei: whole(10n ** 9n), ether: whole(10n ** 18n) },
  },
} as const satisfies Readonly<Record<string, QuantityKind>>;

export type QuantityName = keyof typeof QUANTITIES;

/** Digits before and after the point: enough for any amount in wei, and short enough to stay quick. */
const DIGITS_MAX = 40;

/** The regular expression of a kind, for the published schema. */
export function quantityPattern(name: QuantityName): string {
  const units = Object.keys(QUANTITIES[name].units).join('|');
  return `^(0|[1-9][0-9]*)(\\.[0-9]+)? ?(${units})$`;
}

/** A quantity that cannot be read; its message says why and what is expected. */
export class QuantityError extends Error {}

/**
 * Reads a quantity as a number of base units (microseconds, bits per second, bytes, metres, hertz, shares of 1).
 *
 * @throws {@link QuantityError}
 */
export function parseQuantity(name: QuantityName, text: string): number {
  const kind: QuantityKind = QUANTITIES[name];
  const { numerator, denominator } = parseExactly(name, text);
  if (kind.fractional) return Number(numerator) / Number(denominator);
  const value = Number(wholeUnits(kind, text, numerator, denominator));
  if (!Number.isSafeInteger(value)) throw new QuantityError(`"${text}" is too large`);
  return value;
}

/**
 * Reads an amount of money, in wei.
 *
 * @throws {@link QuantityError}
 */
export function parseAmount(text: string): bigint {
  const { numerator, denominator } = parseExactly('amount', text);
  return wholeUnits(QUANTITIES.amount, text, numerator, denominator);
}

function wholeUnits(kind: QuantityKind, text: string, numerator: bigint, denominator: bigint): bigint {
  if (numerator % denominator !== 0n) throw new QuantityError(`"${text}" is not a whole number of ${kind.base}`);
  return numerator / denominator;
}

function parseExactly(name: QuantityName, text: string): UnitSize {
  const kind: QuantityKind = QUANTITIES[name];
  const match = /^(0|[1-9][0-9]*)(?:\.([0-9]+))? ?([^0-9\s].*)?$/.exec(text);
  if (match === null) throw new QuantityError(`expected ${kind.description}, got "${text.slice(0, 60)}"`);
  const [, before = '', after = '', unit = ''] = match;
  if (before.length + after.length > DIGITS_MAX) throw new QuantityError(`"${text.slice(0, 60)}" has too many digits`);
  const size = Object.hasOwn(kind.units, unit) ? kind.units[unit] : undefined;
  if (size === undefined) throw unknownUnit(kind, text, unit);
  return { numerator: BigInt(before + after) * size.numerator, denominator: 10n ** BigInt(after.length) * size.denominator };
}

function unknownUnit(kind: QuantityKind, text: string, unit: string): QuantityError {
  const allowed = Object.keys(kind.units);
  if (unit === '') return new QuantityError(`"${text}" has no unit: expected ${kind.description}`);
  const sameLetters = allowed.find((name) => name.toLowerCase() === unit.toLowerCase());
  const meant = sameLetters ?? nearestName(unit, allowed);
  const hint = meant === undefined ? `units here are ${allowed.join(', ')}` : `did you mean "${meant}"?`;
  return new QuantityError(`unknown unit "${unit.slice(0, 20)}" in "${text.slice(0, 60)}", ${hint}`);
}
