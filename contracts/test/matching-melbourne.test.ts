import { beforeAll, describe, expect, it } from 'vitest';
import { serviceId } from '../../src/contracts/index.ts';
import type { Address, Hex } from '../../src/crypto/index.ts';
import { bruteForce, distanceSquared, type KnownNode, reasons } from './brute-force.ts';
import { loadMelbourne } from './melbourne.ts';
import { addDevice, addNode, createWorld, taskIdFor, type World } from './world.ts';

const data = loadMelbourne();
const services = [serviceId('vibration.spectrum'), serviceId('image.classify')] as const;
const suite = 'missing' in data ? describe.skip : describe;
const title =
  'missing' in data ? `users of Melbourne (skipped: no data in ${data.missing}, set TREADLE_DATA)` : 'users of Melbourne';
if ('missing' in data)
  console.warn(`matching of the Melbourne users is not tested: no data in ${data.missing}; set TREADLE_DATA`);

suite(title, () => {
  const { sites, users } = 'missing' in data ? { sites: [], users: [] } : data;
  const nodes: KnownNode[] = [];
  let world: World;
  let device: Address;

  beforeAll(async () => {
    world = await createWorld();
    device = await addDevice(world, 'device');
    for (const [index, site] of sites.entries()) {
      const offer = {
        ...site,
        capacity: 3 + (index % 7),
        priceWei: BigInt(100 + ((index * 37) % 50)),
        services: index % 3 === 0 ? [...services] : [services[0]],
      };
      await addNode(world, { name: `site ${index}`, ...offer });
      nodes.push({ id: index + 1, ...offer, inUse: 0, active: true });
    }
  });

  it('are 816 against 125 sites', () => {
    expect([users.length, sites.length]).toEqual([816, 125]);
  });

  it('each get the site that a search through all sites finds, while the sites fill up', async () => {
    let matched = 0;
    for (const [index, user] of users.entries()) {
      const wanted = { ...user, service: services[index % 5 === 0 ? 1 : 0] as Hex, maxPriceWei: BigInt(110 + (index % 60)) };
      const truth = bruteForce(nodes, wanted);
      const { latitudeE6, longitudeE6, service, maxPriceWei } = wanted;
      const seen = await world.registry.read('edgeMatch', [latitudeE6, longitudeE6, service, maxPriceWei]);
      const chosen = nodes[(truth.ids[0] ?? 0) - 1];
      expect({ user: index, reason: seen[0], id: Number(seen[1]), distance: seen[4] }).toEqual({
        user: index,
        reason: truth.reason,
        id: chosen?.id ?? 0,
        distance: chosen === undefined ? 0n : distanceSquared(chosen, wanted),
      });
      const asked = [taskIdFor(device, index), latitudeE6, longitudeE6, service, maxPriceWei] as const;
      const [event] = (await world.registry.write(device, 'requestMatch', asked)).events;
      if (truth.reason === reasons.none && chosen !== undefined) {
        expect(event).toMatchObject({ name: 'Matched', args: { nodeId: BigInt(chosen.id), among: truth.ids.slice(0, 4) } });
        chosen.inUse++;
        matched++;
      } else {
        expect(event).toMatchObject({ name: 'NotMatched', args: { reason: truth.reason } });
      }
    }
    expect(matched).toBeGreaterThan(400);
    expect(matched).toBeLessThan(users.length);
  });
});
