import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { drawKey, keyFrom, type NodeKey } from '../../crypto/index.ts';
import type { Environment, NodeId } from '../environment.ts';
import { hostRandom } from '../host/host-random.ts';
import { createHostEnvironment, type HostEnvironment } from '../host/index.ts';
import { encodeRecord, readRecords } from '../host/log-format.ts';
import { RawPeer } from '../host/testing/raw-peer.ts';
import type { ContractWorld, DiskFault } from './contract-world.ts';
import { environmentContract } from './environment-contract.ts';

const PATIENCE_MS = 30_000;
const POLL_MS = 2;

interface Node {
  readonly key: NodeKey;
  readonly folder: string;
  environment: HostEnvironment;
}

class HostWorld implements ContractWorld {
  private readonly folder: string;
  private readonly nodes = new Map<NodeId, Node>();
  private readonly liars: RawPeer[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  async add(): Promise<Environment> {
    const random = hostRandom().stream('keys');
    const key = drawKey((length) => random.bytes(length));
    const folder = join(this.folder, key.address);
    const environment = await open(key, folder);
    this.nodes.set(key.address, { key, folder, environment });
    return environment;
  }

  async reopen(env: Environment, fault: DiskFault): Promise<Environment> {
    const node = this.nodes.get(env.node) as Node;
    await node.environment.close();
    await spoil(node.folder, fault);
    node.environment = await open(node.key, node.folder);
    return node.environment;
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return promise;
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`did not happen in time: ${what}`);
      await delay(POLL_MS);
    }
  }

  async pass(micros: number): Promise<void> {
    await delay(Math.ceil(micros / 1000));
  }

  async sendMalformed(to: Environment, kind: 'garbage' | 'oversized'): Promise<NodeId> {
    const liar = await RawPeer.dial(keyFrom(new Uint8Array(32).fill(77)), to.network.addresses()[0] as string);
    this.liars.push(liar);
    await liar.becomeAdmitted();
    // A message of a type that does not exist; a length that nobody would buffer.
    liar.write(kind === 'garbage' ? Uint8Array.of(0, 0, 0, 2, 0xee, 0xee) : Uint8Array.of(0xff, 0xff, 0xff, 0xff));
    return liar.node;
  }

  async close(): Promise<void> {
    await Promise.all(this.liars.map((liar) => liar.close()));
    await Promise.all([...this.nodes.values()].map((node) => node.environment.close()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function spoil(folder: string, fault: DiskFault): Promise<void> {
  if (fault.type === 'none') return;
  const file = join(folder, 'logs', `${fault.log}.log`);
  const bytes = await readFile(file);
  if (fault.type === 'tornTail') {
    await writeFile(file, Buffer.concat([bytes, encodeRecord(new Uint8Array(100)).subarray(0, 50)]));
    return;
  }
  const before = readRecords(bytes).records.slice(0, fault.record);
  const start = before.reduce((sum, record) => sum + encodeRecord(record).length, 0);
  bytes[start + 20] = (bytes[start + 20] as number) ^ 0x10;
  await writeFile(file, bytes);
}

function open(key: NodeKey, dataFolder: string): Promise<HostEnvironment> {
  return createHostEnvironment({ key, dataFolder, listen: { host: '127.0.0.1', port: 0 }, logLevel: 'silent' });
}

environmentContract('host', async () => new HostWorld(await mkdtemp(join(tmpdir(), 'treadle-contract-'))));
