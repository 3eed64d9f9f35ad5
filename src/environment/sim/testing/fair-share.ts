import type { Rate } from '../pipe.ts';

/** Something with a capacity that flows share: an uplink, a downlink or a link. */
export interface Resource {
  readonly rate: Rate;
}

export interface Demand {
  readonly resources: readonly Resource[];
  readonly control: boolean;
}

/**
 * Max-min fair rates by progressive filling: all flows grow alike until a resource is full, its flows stop there, the
 * rest goes on growing (Bertsekas and Gallager, Data Networks, 6.5.2). Control flows are served first, bulk flows share what they leave.
 *
 * @returns the rate of each flow, in the order given; Infinity for a flow that nothing bounds
 */
export function fairShare(flows: readonly Demand[]): Rate[] {
  const left = new Map<Resource, Rate>();
  for (const flow of flows)
    for (const resource of flow.resources) if (resource.rate !== Number.POSITIVE_INFINITY) left.set(resource, resource.rate);
  const rates = new Array<Rate>(flows.length).fill(0);
  for (const control of [true, false]) {
    const positions = flows.flatMap((flow, position) => (flow.control === control ? [position] : []));
    if (positions.length > 0) fill(flows, positions, left, rates);
  }
  return rates;
}

function fill(flows: readonly Demand[], positions: readonly number[], left: Map<Resource, Rate>, rates: Rate[]): void {
  const users = new Map<Resource, number>();
  const open = new Set(positions);
  for (const position of positions) {
    for (const resource of flowResources(flows, position))
      if (left.has(resource)) users.set(resource, (users.get(resource) ?? 0) + 1);
  }
  while (open.size > 0) {
    const bottleneck = tightest(users, left);
    if (bottleneck === undefined) {
      for (const position of open) rates[position] = Number.POSITIVE_INFINITY;
      return;
    }
    const share = (left.get(bottleneck) as Rate) / (users.get(bottleneck) as number);
    for (const position of [...open]) {
      const resources = flowResources(flows, position);
      if (!resources.includes(bottleneck)) continue;
      rates[position] = share;
      open.delete(position);
      for (const resource of resources) {
        if (!left.has(resource)) continue;
        left.set(resource, Math.max(0, (left.get(resource) as Rate) - share));
        users.set(resource, (users.get(resource) as number) - 1);
      }
    }
  }
}

function flowResources(flows: readonly Demand[], position: number): readonly Resource[] {
  return (flows[position] as Demand).resources;
}

function tightest(users: ReadonlyMap<Resource, number>, left: ReadonlyMap<Resource, Rate>): Resource | undefined {
  let best: Resource | undefined;
  let bestShare = Number.POSITIVE_INFINITY;
  for (const [resource, count] of users) {
    if (count === 0) continue;
    const share = (left.get(resource) as Rate) / count;
    if (share < bestShare) {
      best = resource;
      bestShare = share;
    }
  }
  return best;
}
