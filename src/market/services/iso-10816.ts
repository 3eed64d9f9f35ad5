/**
 * Evaluation zones of ISO 10816-3:2009 (industrial machines above 15 kW, 120 to 15,000 rpm, measured on site), by the
 * r.m.s. velocity of the vibration of non-rotating parts in mm/s, 10 Hz to 1 kHz. The table is annex A of the standard:
 * tables A.1 (group 1: large machines, rated 300 kW to 50 MW, or electrical machines with a shaft height of 315 mm and
 * more) and A.2 (group 2: medium machines, 15 to 300 kW, or a shaft height of 160 to 315 mm).
 *
 * | Group | Support  | A/B | B/C | C/D  |
 * |-------|----------|-----|-----|------|
 * | 1     | rigid    | 2.3 | 4.5 | 7.1  |
 * | 1     | flexible | 3.5 | 7.1 | 11.0 |
 * | 2     | rigid    | 1.4 | 2.8 | 4.5  |
 * | 2     | flexible | 2.3 | 4.5 | 7.1  |
 */
export type MachineGroup = 1 | 2;
export type MachineSupport = 'rigid' | 'flexible';
/** A: newly commissioned; B: long-term operation; C: for a limited period until repair; D: damage is likely. */
export type Iso10816Zone = 'A' | 'B' | 'C' | 'D';

export const ISO_10816_3_BOUNDARIES_MM_PER_S = {
  1: { rigid: [2.3, 4.5, 7.1], flexible: [3.5, 7.1, 11.0] },
  2: { rigid: [1.4, 2.8, 4.5], flexible: [2.3, 4.5, 7.1] },
} as const satisfies Record<MachineGroup, Record<MachineSupport, readonly [number, number, number]>>;

/** The zone of a velocity in mm/s r.m.s.; a value on a boundary belongs to the better zone. */
export function iso10816Zone(velocityMmPerS: number, group: MachineGroup, support: MachineSupport): Iso10816Zone {
  const [ab, bc, cd] = ISO_10816_3_BOUNDARIES_MM_PER_S[group][support];
  if (velocityMmPerS <= ab) return 'A';
  if (velocityMmPerS <= bc) return 'B';
  return velocityMmPerS <= cd ? 'C' : 'D';
}
