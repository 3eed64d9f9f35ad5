/** Amounts, times, distances and numbers as people read them. */

const UNITS = [
  { name: 'ether', wei: 10n ** 18n, from: 10n ** 15n },
  { name: 'gwei', wei: 10n ** 9n, from: 10n ** 9n },
] as const;

/** An amount in the unit that suits it, exact: "1.5 ether", "1000 gwei", "7 wei". */
export function showWei(amountWei: bigint): string {
  const sign = amountWei < 0n ? '-' : '';
  const size = amountWei < 0n ? -amountWei : amountWei;
  const unit = UNITS.find(({ from }) => size >= from);
  if (unit === undefined) return `${sign}${size} wei`;
  const digits = unit.wei.toString().length - 1;
  const fraction = (size % unit.wei).toString().padStart(digits, '0').replace(/0+$/, '');
  return `${sign}${size / unit.wei}${fraction === '' ? '' : `.${fraction}`} ${unit.name}`;
}

/** A moment as ISO 8601 in UTC, to the second. */
export function showInstant(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? `${atMs} ms` : `${date.toISOString().slice(0, 19)}Z`;
}

/** A moment and how far it is from now: "2026-01-01T00:00:00Z (in 5 min)". */
export function showWhen(atMs: number, nowMs: number): string {
  const away = showDuration(Math.abs(atMs - nowMs));
  return `${showInstant(atMs)} (${atMs >= nowMs ? `in ${away}` : `${away} ago`})`;
}

const SPANS = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1_000 },
] as const;

/** A length of time in its two largest units: "2 d 3 h", "5 min", "12 s". */
export function showDuration(durationMs: number): string {
  const wholeMs = Math.round(durationMs / 1_000) * 1_000;
  const at = SPANS.findIndex(({ ms }) => wholeMs >= ms);
  const first = SPANS[at];
  if (first === undefined) return '0 s';
  const second = SPANS[at + 1];
  const rest = second === undefined ? 0 : Math.floor((wholeMs % first.ms) / second.ms);
  return `${Math.floor(wholeMs / first.ms)} ${first.name}${rest === 0 || second === undefined ? '' : ` ${rest} ${second.name}`}`;
}

/** A distance: metres below a kilometre, then kilometres. */
export function showDistance(metres: number): string {
  return metres < 1_000 ? `${Math.round(metres)} m` : `${(metres / 1_000).toFixed(metres < 10_000 ? 2 : 1)} km`;
}

/** "1 node", "2 nodes". */
export function showCount(count: number | bigint, noun: string, plural = `${noun}s`): string {
  return `${count} ${BigInt(count) === 1n ? noun : plural}`;
}
