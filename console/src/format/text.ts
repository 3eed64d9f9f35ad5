/** "0x1234ab…9f02": enough of a hash or address to tell two apart by eye. */
export function shortHash(hash: string, head = 8, tail = 4): string {
  return hash.length <= head + tail + 3 ? hash : `${hash.slice(0, head)}…${hash.slice(-tail)}`;
}

const integers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** 1234567 as "1,234,567". */
export function integer(value: number): string {
  return integers.format(value);
}

/** A rate or share with as many decimals as it needs to be told from zero. */
export function decimalNumber(value: number): string {
  if (Number.isInteger(value)) return integer(value);
  if (Math.abs(value) < 10) return value.toFixed(2).replace(/\.?0+$/, '');
  return Math.abs(value) < 100 ? value.toFixed(1) : integer(value);
}

/** "1 node", "2 nodes". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${integer(count)} ${count === 1 ? one : many}`;
}

/** Degrees as "37.81517° S". */
export function latitudeText(degrees: number): string {
  return `${Math.abs(degrees).toFixed(5)}° ${degrees < 0 ? 'S' : 'N'}`;
}

export function longitudeText(degrees: number): string {
  return `${Math.abs(degrees).toFixed(5)}° ${degrees < 0 ? 'W' : 'E'}`;
}

/** Metres below one kilometre, kilometres above. */
export function distanceText(metres: number): string {
  if (metres < 1000) return `${Math.round(metres)} m`;
  return `${(metres / 1000).toFixed(metres < 10_000 ? 2 : 1)} km`;
}
