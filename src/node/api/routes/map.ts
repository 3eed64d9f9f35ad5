import { API_MAP_POINTS_MAX } from '../../../limits.ts';
import type { ChainContext } from '../context.ts';
import type { DeviceRecord } from '../projection/devices.ts';
import type { EdgeNodeRecord } from '../projection/edge-nodes.ts';
import type { TaskRecord } from '../projection/tasks.ts';
import type { MapMatch, MapView } from '../types.ts';
import { edgeNodeName } from './edge.ts';
import { degrees } from './places.ts';

/** Active edge nodes, devices with a position and the latest matches, as columns. */
export function showMap(context: ChainContext): MapView {
  const { projection, names } = context;
  const nodes = firstOf(projection.edgeNodes.all(), (node) => node.state === 'active');
  const devices = firstOf(projection.devices.newest(), (device) => device.latitudeE6 !== undefined);
  const companies = [...new Set(nodes.items.map((node) => names.companyName(node.company) ?? ''))].sort();
  const numbers = new Map(companies.map((name, at) => [name, at]));
  return {
    companies,
    nodes: {
      id: nodes.items.map((node) => String(node.id)),
      name: nodes.items.map((node) => edgeNodeName(node, names)),
      ...positions(nodes.items),
      company: nodes.items.map((node) => numbers.get(names.companyName(node.company) ?? '') ?? 0),
      busy: nodes.items.map((node) => node.inUse),
      capacity: nodes.items.map((node) => node.capacity),
    },
    devices: {
      address: devices.items.map((device) => device.address),
      name: devices.items.map((device) => names.partyOf(device.address).name),
      ...positions(devices.items),
    },
    matches: projection.tasks.latestMatches().flatMap((task) => matchLine(context, task) ?? []),
    hidden: nodes.hidden + devices.hidden + projection.edgeNodes.hidden,
  };
}

function firstOf<T>(items: Iterable<T>, keep: (item: T) => boolean): { readonly items: readonly T[]; readonly hidden: number } {
  const shown: T[] = [];
  let hidden = 0;
  for (const item of items) {
    if (!keep(item)) continue;
    if (shown.length < API_MAP_POINTS_MAX) shown.push(item);
    else hidden += 1;
  }
  return { items: shown, hidden };
}

function positions(items: readonly (EdgeNodeRecord | DeviceRecord)[]): {
  readonly latitude: readonly number[];
  readonly longitude: readonly number[];
} {
  return {
    latitude: items.map((item) => degrees(item.latitudeE6 ?? 0)),
    longitude: items.map((item) => degrees(item.longitudeE6 ?? 0)),
  };
}

function matchLine({ projection }: ChainContext, task: TaskRecord): MapMatch | undefined {
  const { match, latitudeE6, longitudeE6 } = task;
  const node = match && projection.edgeNodes.get(match.nodeId);
  if (match === undefined || node === undefined || latitudeE6 === undefined || longitudeE6 === undefined) return undefined;
  return {
    task: task.id,
    node: String(node.id),
    device: task.device,
    fromLatitude: degrees(latitudeE6),
    fromLongitude: degrees(longitudeE6),
    toLatitude: degrees(node.latitudeE6),
    toLongitude: degrees(node.longitudeE6),
    timestampMs: match.timestampMs,
  };
}
