const ETHER = 10n ** 18n;
const GWEI = 10n ** 9n;

/** An amount for reading, with its exact value. */
export interface ReadableWei {
  readonly amount: string;
  readonly unit: 'wei' | 'Gwei' | 'ether';
  /** All digits in wei, grouped. */
  readonly exact: string;
}

/** Chooses the unit in which an amount in wei is short to read; at most six significant decimals, cut, never rounded up. */
export function readableWei(wei: string): ReadableWei {
  const value = BigInt(wei);
  const size = value < 0n ? -value : value;
  const exact = `${groupDigits(value.toString())} wei`;
  if (size === 0n) return { amount: '0', unit: 'wei', exact };
  if (size >= ETHER / 1000n) return { amount: decimal(value, ETHER, 18), unit: 'ether', exact };
  if (size >= GWEI) return { amount: decimal(value, GWEI, 9), unit: 'Gwei', exact };
  return { amount: groupDigits(value.toString()), unit: 'wei', exact };
}

function decimal(value: bigint, unit: bigint, places: number): string {
  const negative = value < 0n;
  const size = negative ? -value : value;
  const whole = size / unit;
  const fraction = (size % unit).toString().padStart(places, '0').slice(0, 6).replace(/0+$/, '');
  const text = groupDigits(whole.toString()) + (fraction === '' ? '' : `.${fraction}`);
  return negative ? `−${text}` : text;
}

/** 1234567 as "1,234,567", for numbers of any length. */
export function groupDigits(text: string): string {
  return text.replace(/\B(?=(\d{3})+$)/g, ',');
}
