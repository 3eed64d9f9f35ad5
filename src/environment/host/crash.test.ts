import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { keyFrom } from '../../crypto/index.ts';
import { createHostEnvironment } from './host-environment.ts';

const WRITER = fileURLToPath(new URL('./testing/log-writer.ts', import.meta.url));

it('keeps every record that was synced when the process is killed in the middle of writing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'treadle-crash-'));
  const child = spawn(process.execPath, [WRITER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (data: Buffer) => {
    text += data.toString();
    if (text.split('\n').length > 50) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const acknowledged = Number(text.trim().split('\n').at(-2));
  expect(acknowledged).toBeGreaterThan(40);
  const env = await createHostEnvironment({ key: keyFrom(new Uint8Array(32).fill(1)), dataFolder: folder, logLevel: 'silent' });
  const records = await (await env.disk.log('numbers')).records();
  const numbers = records.map((record) => new DataView(record.buffer, record.byteOffset).getUint32(0));
  expect(numbers).toEqual(numbers.map((_, index) => index));
  expect(numbers.length).toBeGreaterThan(acknowledged);
  const table = await env.disk.table('numbers');
  expect(await table.get(Uint8Array.of(1))).toBeDefined();
  await env.close();
  await rm(folder, { recursive: true, force: true });
});
