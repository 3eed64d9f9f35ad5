import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Address } from '../../src/crypto/index.ts';
import { type Cluster, readPlaces, type Scenario } from '../../src/experiments/index.ts';
import type { RegistryEvent } from '../../src/market/index.ts';
import { auditMatches, registryEvents } from './support/books.ts';
import { completed, forks, ON_DEMAND, settle, startCluster } from './support/small-cluster.ts';

const FOLDER = join(process.env['TREADLE_DATA'] ?? resolve(import.meta.dirname, '../../../shared/data'), 'eua');
const SITES = join(FOLDER, 'site-optus-melbCBD.csv');
const USERS = join(FOLDER, 'users-melbcbd-generated.csv');
const present = existsSync(SITES) && existsSync(USERS);
if (!present) console.warn(`skipped: the EUA data set is not at ${FOLDER}; set TREADLE_DATA to the folder that holds eua/`);

/** One user in twenty is asked for. */
const EVERY = 20;

interface Point {
  readonly latitudeE6: number;
  readonly longitudeE6: number;
}

function readPoints(file: string) {
  const places = readPlaces(readFileSync(file, 'utf8'), file);
  const toE6 = (degrees: number): number => Math.round(degrees * 1e6);
  return places.map((place) => ({ place, latitudeE6: toE6(place.latitude), longitudeE6: toE6(place.longitude) }));
}

/** The nearest of the free sites: by squared distance, then by the lower id. Positions are those of the files. */
function nearest(user: Point, sites: ReadonlyMap<bigint, Point>, taken: ReadonlySet<bigint>): bigint | undefined {
  const square = (value: number): bigint => BigInt(value) ** 2n;
  const free = [...sites]
    .filter(([id]) => !taken.has(id))
    .map(([id, { latitudeE6, longitudeE6 }]) => ({
      id,
      distance: square(latitudeE6 - user.latitudeE6) + square(longitudeE6 - user.longitudeE6),
    }));
  free.sort((left, right) => Number(left.distance - right.distance) || Number(left.id - right.id));
  return free[0]?.id;
}

/** Follows the registry's events from the first one; returns for each match what was chosen and what should have been. */
function follow(events: readonly RegistryEvent[], siteOf: ReadonlyMap<Address, Point>, userOf: ReadonlyMap<Address, Point>) {
  const listed = new Map<bigint, Point>();
  const taken = new Set<bigint>();
  const matches: { readonly chosen: bigint; readonly best: bigint | undefined; readonly unhindered: bigint | undefined }[] = [];
  for (const { eventName, args } of events) {
    if (eventName === 'NodeAdded') listed.set(args.nodeId, siteOf.get(args.node) as Point);
    if (eventName === 'Matched') {
      const user = userOf.get(args.device) as Point;
      matches.push({ chosen: args.nodeId, best: nearest(user, listed, taken), unhindered: nearest(user, listed, new Set()) });
      taken.add(args.nodeId);
    }
    if (eventName === 'TaskCompleted' || eventName === 'TaskFailed' || eventName === 'TaskExpired') taken.delete(args.nodeId);
  }
  return { listed, matches };
}

describe.skipIf(!present)('the 125 sites and the users of the EUA data set', () => {
  it('every match of users who all ask at once is the nearest free site', async () => {
    const sites = readPoints(SITES);
    const users = readPoints(USERS).filter((_user, at) => at % EVERY === 0);
    expect([sites.length, users.length]).toEqual([125, 41]);
    const placement = (file: string, points: typeof sites) =>
      ({ kind: 'places', file, places: points.map(({ place }) => place) }) as const;
    const scenario: Scenario = {
      ...ON_DEMAND,
      name: 'eua',
      edge: { ...ON_DEMAND.edge, count: sites.length, capacity: 1, placement: placement(SITES, sites) },
      devices: { ...ON_DEMAND.devices, count: users.length, placement: placement(USERS, users) },
    };
    const cluster: Cluster = await startCluster(scenario);
    for (let wave = 0; wave < 2; wave++) {
      await cluster.world.run(Promise.all(cluster.running('device').map((device) => device.runTask())));
    }
    await settle(cluster);

    const pointOf = (kind: string, points: typeof sites) =>
      new Map<Address, Point>(points.map((point, at) => [cluster.id(`${kind}-${at + 1}`), point]));
    const { listed, matches } = follow(await registryEvents(cluster), pointOf('edge', sites), pointOf('device', users));
    expect(listed.size).toBe(sites.length);
    expect(matches).toHaveLength(2 * users.length);
    expect(matches.filter(({ chosen, best }) => chosen !== best)).toEqual([]);
    // The crowd matters: some had to take another than the nearest site.
    expect(matches.filter(({ chosen, unhindered }) => chosen !== unhindered).length).toBeGreaterThan(0);
    expect(completed(cluster)).toBe(2 * users.length);
    expect(await auditMatches(cluster)).toMatchObject({ matches: matches.length, findings: [] });
    expect(await forks(cluster)).toEqual([]);
    expect(cluster.failures).toEqual([]);
  }, 180_000);
});
