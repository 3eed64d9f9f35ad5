import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { gatherWrites } from './gathered-writes.ts';

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.destroy();
});

async function pair(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  open.push(near, far);
  return { near, far };
}

it('sends what is written in one step in order and at once, and what comes later as well', async () => {
  const { near, far } = await pair();
  gatherWrites(near);
  let writes = 0;
  const writev = near._writev;
  near._writev = (chunks, callback) => {
    writes++;
    writev?.call(near, chunks, callback);
  };
  const large = new Uint8Array(200_000).fill(7);
  const received: Buffer[] = [];
  far.on('data', (data: Buffer) => received.push(data));
  for (const piece of [Uint8Array.of(1, 2), large, Uint8Array.of(3)]) near.write(piece);
  expect(near.writableCorked).toBe(1);
  await once(near, 'drain');
  expect(near.writableCorked).toBe(0);
  expect(writes).toBe(1);
  near.end(Uint8Array.of(4));
  await once(far, 'end');
  expect(Buffer.concat(received).equals(Buffer.concat([Uint8Array.of(1, 2), large, Uint8Array.of(3, 4)]))).toBe(true);
});
