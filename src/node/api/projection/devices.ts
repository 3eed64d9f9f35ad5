import { type Address, toAddress } from '../../../crypto/index.ts';
import { API_DEVICES_KEPT_MAX } from '../../../limits.ts';
import type { ChainEvent, EventPlace } from './chain-event.ts';
import { createRecentList } from './recent-list.ts';
import type { TaskRecord } from './tasks.ts';

/** A device as its certificate and its requests show it. */
export interface DeviceRecord {
  readonly address: Address;
  company: Address | undefined;
  registered: boolean;
  latitudeE6: number | undefined;
  longitudeE6: number | undefined;
  requested: number;
  completed: number;
  failed: number;
  lastActiveMs: number | undefined;
}

export interface Devices {
  /** Applies an event; `task` is the task that it changed, after the change. */
  apply(event: ChainEvent, place: EventPlace, task: TaskRecord | undefined): void;
  get(address: string): DeviceRecord | undefined;
  newest(): Iterable<DeviceRecord>;
  readonly size: number;
}

/** The number of the device role in the contract. */
const ROLE_DEVICE = 1;

export function createDevices(): Devices {
  const devices = createRecentList<DeviceRecord>({ limit: API_DEVICES_KEPT_MAX, droppable: (device) => device.requested === 0 });

  const of = (address: Address): DeviceRecord => {
    const known = devices.get(address);
    if (known !== undefined) return known;
    const nothing = { company: undefined, latitudeE6: undefined, longitudeE6: undefined, lastActiveMs: undefined };
    const fresh: DeviceRecord = { address, registered: false, ...nothing, requested: 0, completed: 0, failed: 0 };
    devices.add(address, fresh);
    return fresh;
  };
  const ask = (task: TaskRecord, place: EventPlace): void => {
    const device = of(task.device);
    // A task that is matched again after a failure was asked for once.
    if (task.steps.length === 1) device.requested += 1;
    if (task.state === 'failed') device.failed += 1;
    device.lastActiveMs = place.timestampMs;
    if (task.latitudeE6 === undefined || task.longitudeE6 === undefined) return;
    device.latitudeE6 = task.latitudeE6;
    device.longitudeE6 = task.longitudeE6;
  };

  return {
    apply(event, place, task) {
      switch (event.eventName) {
        case 'ObserverRegistered': {
          if (event.args.role !== ROLE_DEVICE) return;
          const device = of(toAddress(event.args.observer));
          device.company = toAddress(event.args.company);
          device.registered = true;
          return;
        }
        case 'ObserverRevoked': {
          const device = devices.get(toAddress(event.args.observer));
          if (device !== undefined) device.registered = false;
          return;
        }
        case 'Matched':
        case 'NotMatched':
          if (task !== undefined) ask(task, place);
          return;
        case 'TaskCompleted':
          if (task !== undefined) of(task.device).completed += 1;
          return;
        case 'TaskExpired':
          if (task !== undefined) of(task.device).failed += 1;
          return;
      }
    },
    get: (address) => devices.get(address),
    newest: () => devices.newest(),
    get size() {
      return devices.size;
    },
  };
}
