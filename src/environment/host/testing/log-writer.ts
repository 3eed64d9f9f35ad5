import { keyFrom } from '../../../crypto/index.ts';
import { createHostEnvironment } from '../host-environment.ts';

/** For tests: appends numbers to a log until it is killed, and says which ones it has synced. */
const folder = process.argv[2] as string;
const env = await createHostEnvironment({ key: keyFrom(new Uint8Array(32).fill(1)), dataFolder: folder, logLevel: 'silent' });
const log = await env.disk.log('numbers');
const table = await env.disk.table('numbers');
await table.batch([{ type: 'put', key: Uint8Array.of(1), value: Uint8Array.of(1) }], { sync: true });
for (let number = 0; ; number++) {
  const record = new Uint8Array(200);
  new DataView(record.buffer).setUint32(0, number);
  log.append(record);
  if (number % 3 !== 0) continue;
  await log.sync();
  process.stdout.write(`${number}\n`);
}
