/** Versions of everything that nodes send each other: whole numbers, both ends included. */
export interface WireVersions {
  readonly lowest: number;
  readonly highest: number;
}

/**
 * What this release speaks. 1: the protocols of the first release. 2: directories do not send again what both sides know
 * (`directory/2`). A release adds a version and goes on speaking the one before, so that members upgrade one by one.
 */
export const WIRE_VERSIONS: WireVersions = { lowest: 1, highest: 2 };

/** The highest version that both speak; undefined when there is none. */
export function agreedVersion(ours: WireVersions, theirs: WireVersions): number | undefined {
  const highest = Math.min(ours.highest, theirs.highest);
  return highest >= Math.max(ours.lowest, theirs.lowest) ? highest : undefined;
}

/** A range in words: "2", or "1 to 2". */
export function versionsText({ lowest, highest }: WireVersions): string {
  return lowest === highest ? `${lowest}` : `${lowest} to ${highest}`;
}
