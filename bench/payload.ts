/**
 * Bodies through four sealers in four processes on this machine, over the real network and disks.
 *
 *   node bench/payload.ts [--bodies 200] [--kilobytes 1000] [--ahead 8] [--from all|one] [--profile] [--json]
 *
 * Every body comes in at one sealer, is stored there and pushed to the others; `--ahead` bodies are on their way at once. Prints megabytes of
 * bodies per second until all sealers hold all of them, and processor seconds of all four processes per megabyte.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { keccak256, keyFrom, type NodeKey } from '../src/crypto/index.ts';
import { createHostEnvironment } from '../src/environment/host/index.ts';
import type { NodeId } from '../src/environment/index.ts';
import type { PayloadCommitment } from '../src/ledger/payload/index.ts';
import { commitPayload, createMemoryBudget, createPayloadExchange, DiskPayloadStore } from '../src/ledger/payload/index.ts';
import { NODE_MEMORY_BYTES_MAX } from '../src/limits.ts';
import { type TimeShares, whereTimeGoes } from './where-time-goes.ts';

const SEALERS = 4;

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    bodies: { type: 'string', default: '200' },
    kilobytes: { type: 'string', default: '1000' },
    ahead: { type: 'string', default: '8' },
    from: { type: 'string', default: 'all' },
    profile: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    sealer: { type: 'string' },
    folder: { type: 'string' },
  },
});
const count = Number(values.bodies);
const lengthBytes = 1000 * Number(values.kilobytes);

type Command =
  | { readonly type: 'connect'; readonly contacts: readonly { readonly node: NodeId; readonly addresses: readonly string[] }[] }
  | { readonly type: 'make'; readonly index: number }
  | { readonly type: 'expect'; readonly commitment: PayloadCommitment }
  | { readonly type: 'report' };

type Report =
  | { readonly type: 'listening'; readonly node: NodeId; readonly addresses: readonly string[] }
  | { readonly type: 'connected' }
  | { readonly type: 'made'; readonly commitment: PayloadCommitment }
  | { readonly type: 'held'; readonly root: string }
  | {
      readonly type: 'figures';
      readonly cpuSeconds: number;
      readonly memoryMegabytes: number;
      readonly shares: TimeShares;
      readonly metrics: Readonly<Record<string, number>>;
    };

await (values.sealer === undefined ? measure() : seal(Number(values.sealer)));

function keyOf(sealer: number): NodeKey {
  return keyFrom(keccak256(new TextEncoder().encode(`payload bench ${sealer}`)));
}

/** One sealer, told what to do by the parent process. */
async function seal(self: number): Promise<void> {
  const report = (message: Report) => process.send?.(message);
  const sealers = Array.from({ length: SEALERS }, (_, index) => keyOf(index).address);
  const environment = await createHostEnvironment({
    key: keyOf(self),
    dataFolder: values.folder as string,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'warn',
  });
  const store = await DiskPayloadStore.open(environment);
  const budget = createMemoryBudget(NODE_MEMORY_BYTES_MAX, environment.metrics);
  const exchange = createPayloadExchange({ environment, store, budget, sealers: () => sealers });
  exchange.register();
  store.onHeld = ({ root }) => report({ type: 'held', root });
  await environment.network.start({ hello: () => new Uint8Array(0), admit: () => ({ admitted: true }) });
  let cpu = process.cpuUsage();
  const stop = Promise.withResolvers<void>();
  let shares: Promise<TimeShares> = Promise.resolve([]);
  const obey = async (command: Command): Promise<void> => {
    switch (command.type) {
      case 'connect':
        for (const contact of command.contacts) await environment.network.connect(contact);
        if (values.profile) shares = whereTimeGoes(() => stop.promise);
        cpu = process.cpuUsage();
        return void report({ type: 'connected' });
      case 'make': {
        const body = bodyOf(command.index);
        const commitment = commitPayload(body, 'application/octet-stream');
        report({ type: 'made', commitment });
        await store.putBody(commitment, body);
        return exchange.spread(commitment);
      }
      case 'expect':
        return exchange.expect(command.commitment);
      case 'report': {
        const { user, system } = process.cpuUsage(cpu);
        stop.resolve();
        const memoryMegabytes = process.memoryUsage().rss / 1e6;
        report({
          type: 'figures',
          cpuSeconds: (user + system) / 1e6,
          memoryMegabytes,
          shares: await shares,
          metrics: environment.metrics.snapshot(),
        });
        process.disconnect?.();
        await exchange.close();
        await store.close();
        await environment.close();
        process.exit();
      }
    }
  };
  process.on('message', (message) => void obey(message as Command));
  report({ type: 'listening', node: environment.node, addresses: environment.network.addresses() });
}

function bodyOf(index: number): Uint8Array {
  const body = new Uint8Array(lengthBytes);
  for (let at = 0; at < lengthBytes; at += 512) body[at] = 1 + ((index * 31 + at) % 253);
  new DataView(body.buffer).setUint32(0, index);
  return body;
}

/** Starts the sealers, keeps bodies coming, and reports. */
async function measure(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'payload-bench-'));
  const children = Array.from({ length: SEALERS }, (_, sealer) =>
    fork(import.meta.filename, [
      ...process.argv.slice(2),
      '--sealer',
      String(sealer),
      '--folder',
      path.join(folder, String(sealer)),
    ]),
  );
  try {
    await run(children);
  } finally {
    for (const child of children) child.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function run(children: readonly ChildProcess[]): Promise<void> {
  const tell = (child: ChildProcess, command: Command) => child.send(command);
  const contacts = await Promise.all(children.map((child) => next(child, 'listening')));
  for (const [at, child] of children.entries()) {
    const connected = next(child, 'connected');
    tell(child, { type: 'connect', contacts: contacts.slice(0, at) });
    await connected;
  }
  const done = Promise.withResolvers<void>();
  const holders = new Map<string, number>();
  let [made, whole] = [0, 0];
  const make = (): void => {
    if (made === count) return;
    tell(children[values.from === 'one' ? 0 : made % SEALERS] as ChildProcess, { type: 'make', index: made++ });
  };
  for (const child of children) {
    child.on('message', (message) => {
      const report = message as Report;
      if (report.type === 'made') {
        for (const other of children) if (other !== child) tell(other, { type: 'expect', commitment: report.commitment });
      }
      if (report.type !== 'held') return;
      const held = (holders.get(report.root) ?? 0) + 1;
      holders.set(report.root, held);
      if (held < SEALERS) return;
      if (++whole === count) done.resolve();
      make();
    });
  }
  const started = process.hrtime.bigint();
  for (let ahead = 0; ahead < Number(values.ahead); ahead++) make();
  await done.promise;
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const figures = await Promise.all(
    children.map((child) => {
      const answer = next(child, 'figures');
      tell(child, { type: 'report' });
      return answer;
    }),
  );
  print(seconds, figures);
}

function print(seconds: number, figures: readonly Extract<Report, { type: 'figures' }>[]): void {
  const megabytes = (count * lengthBytes) / 1e6;
  const cpuSeconds = figures.reduce((sum, figure) => sum + figure.cpuSeconds, 0);
  const result = {
    from: values.from,
    megabytesPerSecond: megabytes / seconds,
    cpuSecondsPerMegabyte: cpuSeconds / megabytes,
    coresBusy: cpuSeconds / seconds,
    memoryMegabytesMax: Math.max(...figures.map(({ memoryMegabytes }) => memoryMegabytes)),
  };
  if (values.json) return console.log(JSON.stringify({ payload: result }));
  console.log(result);
  for (const [name, value] of Object.entries((figures[0] as (typeof figures)[number]).metrics)) {
    if (/^(payload|network_frames_dropped)/.test(name)) console.log(`  ${name.padEnd(40)} ${value}`);
  }
  for (const { where, share } of (figures[0] as (typeof figures)[number]).shares.slice(0, 14)) {
    console.log(`${(100 * share).toFixed(1).padStart(6)} %  ${where}`);
  }
}

function next<T extends Report['type']>(child: ChildProcess, type: T): Promise<Extract<Report, { readonly type: T }>> {
  return new Promise((resolve, reject) => {
    const listen = (message: unknown): void => {
      if ((message as Report).type !== type) return;
      child.off('message', listen);
      resolve(message as Extract<Report, { readonly type: T }>);
    };
    child.on('message', listen);
    child.once('exit', () => reject(new Error('a sealer ended before it answered')));
  });
}
