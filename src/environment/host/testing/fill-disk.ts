/** Writes to a log and a table in a small file system until it is full, makes room, and goes on; says what happened. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyFrom } from '../../../crypto/index.ts';
import { hasCode } from '../../../errors.ts';
import { createHostEnvironment } from '../host-environment.ts';

const folder = process.argv[2] as string;
const ballast = join(folder, 'ballast');
await writeFile(ballast, new Uint8Array(4 * 1024 * 1024));
// The node is told of more room than there is: this is about what the system itself answers.
const open = () =>
  createHostEnvironment({
    key: keyFrom(new Uint8Array(32).fill(1)),
    dataFolder: join(folder, 'data'),
    logLevel: 'silent',
    freeBytes: async () => Number.POSITIVE_INFINITY,
  });
let env = await open();
let log = await env.disk.log('numbers');
let table = await env.disk.table('numbers');

/** Writes numbered entries until one is refused; returns how many were acknowledged. */
async function fill(write: (number: number) => Promise<void>, from: number): Promise<number> {
  for (let number = from; ; number++) {
    try {
      await write(number);
    } catch (error) {
      if (!hasCode(error, 'DISK_FULL')) throw error;
      return number;
    }
  }
}

const content = (number: number, size: number): Uint8Array => {
  const bytes = new Uint8Array(size);
  // Bytes that LevelDB cannot compress.
  for (let at = 4, state = number + 1; at < size; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 24;
  }
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
};
const key = (number: number): Uint8Array => content(number, 4);
const append = (number: number): Promise<void> => {
  log.append(content(number, 40_000));
  return log.sync();
};
const put = (number: number): Promise<void> =>
  table.batch([{ type: 'put', key: key(number), value: content(number, 40_000) }], { sync: true });

const appended = await fill(append, 0);
await rm(ballast);
// The refused record was queued, and the next flush takes it with the new one.
await append(appended + 1);
await writeFile(ballast, new Uint8Array(2 * 1024 * 1024)).catch(() => undefined);
const stored = await fill(put, 0);
await rm(ballast);
await put(stored);
await env.close();
env = await open();
log = await env.disk.log('numbers');
table = await env.disk.table('numbers');
const records = (await log.records()).map((record) => new DataView(record.buffer, record.byteOffset).getUint32(0));
let whole = 0;
for await (const [found, value] of table.entries()) {
  const expected = content(new DataView(found.buffer, found.byteOffset).getUint32(0), 40_000);
  if (Buffer.compare(value, expected) === 0) whole += 1;
}
await env.close();
process.stdout.write(JSON.stringify({ appended, records, stored, whole }));
