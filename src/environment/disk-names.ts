import { TreadleError } from '../errors.ts';
import { LOG_RECORD_BYTES_MAX } from '../limits.ts';
import './errors.ts';

/** @throws TreadleError DISK_NAME_INVALID; names are file names on every system, so they are kept plain */
export function checkDiskName(name: string): void {
  if (/^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) return;
  throw new TreadleError('DISK_NAME_INVALID', { detail: `"${name.slice(0, 80)}" cannot name a log or a table` });
}

/** @throws TreadleError DISK_RECORD_SIZE */
export function checkRecordSize(record: Uint8Array): void {
  if (record.length >= 1 && record.length <= LOG_RECORD_BYTES_MAX) return;
  throw new TreadleError('DISK_RECORD_SIZE', { detail: `a record of ${record.length} bytes does not fit a log` });
}

/** @throws TreadleError DISK_CLOSED */
export function checkOpen(closed: boolean, name: string): void {
  if (closed) throw new TreadleError('DISK_CLOSED', { detail: `${name} is closed` });
}

/** What a write answers for which there is no room. */
export function diskFull(what: string, cause?: unknown): TreadleError {
  return new TreadleError('DISK_FULL', { detail: `there is no room to write ${what}`, ...(cause !== undefined && { cause }) });
}

/** What a read answers whose value fails its checksum. */
export function damagedValue(table: string, key: Uint8Array): TreadleError {
  const hex = `0x${[...key].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  return new TreadleError('DISK_DAMAGED', {
    detail: `the value under ${hex} in table ${table} is damaged`,
    data: { table, key: hex },
  });
}
