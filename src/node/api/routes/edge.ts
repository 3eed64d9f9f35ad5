import { TreadleError } from '../../../errors.ts';
import { API_NODE_TASKS_SHOWN } from '../../../limits.ts';
import type { ChainContext } from '../context.ts';
import type { DeviceRecord } from '../projection/devices.ts';
import type { EdgeNodeRecord } from '../projection/edge-nodes.ts';
import type { Names } from '../projection/names.ts';
import type { DeviceRow, EdgeNodeDetail, EdgeNodeRow, Page } from '../types.ts';
import { containsText, pageOf } from './page-of.ts';
import { degrees } from './places.ts';
import { taskRow } from './tasks.ts';

interface ListQuery {
  readonly offset: number;
  readonly limit: number;
  readonly search: string;
  readonly state: string;
}

/** What an edge node is called: its own name, else its number. */
export function edgeNodeName(node: EdgeNodeRecord, names: Names): string {
  return names.partyOf(node.account).name ?? `Edge node ${node.id}`;
}

export function edgeNodeRow(node: EdgeNodeRecord, names: Names): EdgeNodeRow {
  const { matched, completed, failed, expired, state, services, capacity } = node;
  return {
    id: String(node.id),
    name: edgeNodeName(node, names),
    company: names.partyOf(node.company),
    account: names.partyOf(node.account),
    latitude: degrees(node.latitudeE6),
    longitude: degrees(node.longitudeE6),
    services,
    capacity,
    busy: node.inUse,
    priceWei: node.priceWei.toString(),
    state,
    matched,
    completed,
    failed,
    expired,
  };
}

/** Registered edge nodes in order of id. */
export function listEdgeNodes({ projection, names }: ChainContext, { search, state, ...page }: ListQuery): Page<EdgeNodeRow> {
  const keep = (node: EdgeNodeRecord): boolean =>
    (state === '' || node.state === state) &&
    (search === '' ||
      containsText(search, [edgeNodeName(node, names), names.companyName(node.company), node.account, ...node.services]));
  return pageOf(projection.edgeNodes.all(), { ...page, keep, row: (node) => edgeNodeRow(node, names) });
}

/** @throws {@link TreadleError} API_NOT_FOUND */
export function showEdgeNode({ projection, names }: ChainContext, id: string): EdgeNodeDetail {
  const node = /^\d{1,9}$/.test(id) ? projection.edgeNodes.get(Number(id)) : undefined;
  if (node === undefined) throw new TreadleError('API_NOT_FOUND', { detail: `No edge node ${id} is registered` });
  const tasks = pageOf(projection.tasks.newest(), {
    offset: 0,
    limit: API_NODE_TASKS_SHOWN,
    keep: (task) => task.match?.nodeId === node.id,
    row: (task) => taskRow(task, projection, names),
  });
  return {
    ...edgeNodeRow(node, names),
    registeredBlock: node.registered.blockNumber,
    registeredMs: node.registered.timestampMs,
    updatedBlock: node.updated.blockNumber,
    updatedMs: node.updated.timestampMs,
    tasks: tasks.items,
  };
}

/** Devices that registered or asked for work, those that came last first. */
export function listDevices({ projection, names }: ChainContext, { search, ...page }: Omit<ListQuery, 'state'>): Page<DeviceRow> {
  const keep = (device: DeviceRecord): boolean => {
    if (search === '') return true;
    const party = names.partyOf(device.address);
    return containsText(search, [party.name, party.company, device.address]);
  };
  return pageOf(projection.devices.newest(), { ...page, keep, row: (device) => deviceRow(device, names) });
}

function deviceRow(device: DeviceRecord, names: Names): DeviceRow {
  const { registered, requested, completed, failed, latitudeE6, longitudeE6 } = device;
  return {
    ...names.partyOf(device.address),
    latitude: latitudeE6 === undefined ? null : degrees(latitudeE6),
    longitude: longitudeE6 === undefined ? null : degrees(longitudeE6),
    registered,
    requested,
    completed,
    failed,
    lastActiveMs: device.lastActiveMs ?? null,
  };
}
