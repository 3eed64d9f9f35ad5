import { encode } from '@ethereumjs/rlp';
import { type Address, fromHex, type Hex, readRlp } from '../../crypto/index.ts';
import type { AppendLog, Disk } from '../../environment/index.ts';
import { CREDIT_DEVICES_MAX, VOUCHER_BOOK_SLACK_RECORDS } from '../../limits.ts';

/**
 * Which tasks an edge node has done, or is doing, that nobody has paid for yet. It lives on disk so that a restart
 * does not give every device new credit; it is written without waiting, for losing an entry costs one task's price.
 */
export interface CreditLedger {
  /** Unpaid tasks of a device, oldest first. */
  unpaid(device: Address): readonly Hex[];
  /** Notes a task that the node takes on. */
  owe(device: Address, taskId: Hex): void;
  /** Strikes a task: paid, failed here, or taken over by another node. */
  settle(taskId: Hex): void;
  close(): Promise<void>;
}

const OWE = 1n;
const SETTLE = 2n;

export async function openCreditLedger(disk: Disk): Promise<CreditLedger> {
  const log = await disk.log('task-credit');
  const devices = new Map<Address, Set<Hex>>();
  const debtors = new Map<Hex, Address>();

  function applySettle(taskId: Hex): void {
    const device = debtors.get(taskId);
    if (device === undefined) return;
    debtors.delete(taskId);
    const tasks = devices.get(device);
    tasks?.delete(taskId);
    if (tasks?.size === 0) devices.delete(device);
  }

  function applyOwe(device: Address, taskId: Hex): void {
    if (debtors.has(taskId)) return;
    const tasks = devices.get(device) ?? new Set();
    devices.set(device, tasks.add(taskId));
    debtors.set(taskId, device);
    if (devices.size <= CREDIT_DEVICES_MAX) return;
    const [oldest] = devices.keys();
    for (const forgotten of [...(devices.get(oldest as Address) ?? [])]) applySettle(forgotten);
  }

  for (const record of await log.records()) {
    const reader = readRlp(record, 'credit record');
    if (reader.uint('kind') === OWE) applyOwe(reader.address('device'), reader.hash('task id'));
    else applySettle(reader.hash('task id'));
    reader.end();
  }
  const writer = compactingWriter(log, () => [...debtors].map(([taskId, device]) => oweRecord(device, taskId)));
  return {
    unpaid: (device) => [...(devices.get(device) ?? [])],
    owe(device, taskId) {
      if (debtors.has(taskId)) return;
      applyOwe(device, taskId);
      writer.append(oweRecord(device, taskId));
    },
    settle(taskId) {
      if (!debtors.has(taskId)) return;
      applySettle(taskId);
      writer.append(encode([SETTLE, fromHex(taskId)]));
    },
    close: writer.close,
  };
}

function oweRecord(device: Address, taskId: Hex): Uint8Array {
  return encode([OWE, fromHex(device), fromHex(taskId)]);
}

/** Appends with a flush behind it, and rewrites the log from `snapshot` when it has grown by VOUCHER_BOOK_SLACK_RECORDS. */
function compactingWriter(log: AppendLog, snapshot: () => Uint8Array[]) {
  let appended = 0;
  let busy: Promise<void> | undefined;
  let held: Uint8Array[] = [];

  async function rewrite(): Promise<void> {
    // Records that come while the log is rewritten are not in the snapshot: they wait.
    const records = snapshot();
    await log.sync();
    await log.rewrite(records);
    appended = 0;
  }

  function flush(): void {
    if (busy !== undefined) return;
    const step = appended >= VOUCHER_BOOK_SLACK_RECORDS ? rewrite() : log.sync();
    // A failed flush costs credit entries, not money that is owed to others: the next one tries again.
    busy = step
      .catch(() => undefined)
      .then(() => {
        busy = undefined;
        const waiting = held;
        held = [];
        for (const record of waiting) log.append(record);
        appended += waiting.length;
        if (waiting.length > 0) flush();
      });
  }

  return {
    append(record: Uint8Array): void {
      if (busy !== undefined) {
        held.push(record);
        return;
      }
      log.append(record);
      appended++;
      flush();
    },
    async close(): Promise<void> {
      while (busy !== undefined) await busy;
      await log.close();
    },
  };
}
