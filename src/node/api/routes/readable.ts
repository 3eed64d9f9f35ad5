const UNITS = [
  { name: 'ether', digits: 18, from: 10n ** 15n },
  { name: 'gwei', digits: 9, from: 10n ** 9n },
] as const;

/** An amount within a sentence: "1.5 ether". */
export function weiText(wei: bigint): string {
  const unit = UNITS.find(({ from }) => wei >= from);
  if (unit === undefined) return `${wei} wei`;
  const size = 10n ** BigInt(unit.digits);
  const fraction = (wei % size).toString().padStart(unit.digits, '0').replace(/0+$/, '');
  return `${wei / size}${fraction === '' ? '' : `.${fraction}`} ${unit.name}`;
}

const SPANS = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1_000 },
] as const;

/** How far a moment is from now, within a sentence: "4 min ago", "in 12 s". */
export function spanText(distanceMs: number): string {
  const size = Math.abs(distanceMs);
  const span = SPANS.find(({ ms }) => size >= ms);
  if (span === undefined) return 'now';
  const text = `${Math.floor(size / span.ms)} ${span.name}`;
  return distanceMs > 0 ? `in ${text}` : `${text} ago`;
}
