import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ClassicLevel } from 'classic-level';
import { drawKey, keyFrom, type NodeKey } from '../../crypto/index.ts';
import type { Environment, NodeId } from '../environment.ts';
import { hostRandom } from '../host/host-random.ts';
import { createHostEnvironment, type HostEnvironment } from '../host/index.ts';
import { encodeRecord, readRecords } from '../host/log-format.ts';
import { RawPeer } from '../host/testing/raw-peer.ts';
import type { OutsideSource } from '../outside.ts';
import type { ContractWorld, DiskFault, SourceBehaviour } from './contract-world.ts';
import { environmentContract } from './environment-contract.ts';

const PATIENCE_MS = 30_000;
const POLL_MS = 2;

interface Node {
  readonly key: NodeKey;
  readonly folder: string;
  environment: HostEnvironment;
  readonly room: Room;
}

/** The room that a node is told its disk has. */
interface Room {
  freeBytes: number;
}

class HostWorld implements ContractWorld {
  private readonly folder: string;
  private readonly nodes = new Map<NodeId, Node>();
  private readonly liars: RawPeer[] = [];
  private readonly behaviours: SourceBehaviour[] = [];
  private readonly server: Server;

  private constructor(folder: string) {
    this.folder = folder;
    this.server = createServer((request, response) => {
      const behaviour = this.behaviours[Number(request.url?.slice(1))];
      if (behaviour?.type === 'silent') return;
      if (behaviour?.type !== 'answers') response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': behaviour.mediaType }).end(behaviour.content);
    });
  }

  static async open(): Promise<HostWorld> {
    const world = new HostWorld(await mkdtemp(join(tmpdir(), 'treadle-contract-')));
    await new Promise<void>((resolve) => world.server.listen(0, '127.0.0.1', resolve));
    return world;
  }

  publish(behaviour: SourceBehaviour): OutsideSource {
    const { port } = this.server.address() as AddressInfo;
    // Only 127.0.0.1 is listed, and nothing listens at its port 1.
    const host = behaviour.type === 'forbidden' ? `127.0.0.2:${port}` : `127.0.0.1:${behaviour.type === 'absent' ? 1 : port}`;
    return { kind: 'http', url: `http://${host}/${this.behaviours.push(behaviour) - 1}` };
  }

  async add(): Promise<Environment> {
    const random = hostRandom().stream('keys');
    const key = drawKey((length) => random.bytes(length));
    const folder = join(this.folder, key.address);
    const room = { freeBytes: Number.POSITIVE_INFINITY };
    const environment = await open(key, folder, room);
    this.nodes.set(key.address, { key, folder, environment, room });
    return environment;
  }

  async reopen(env: Environment, fault: DiskFault): Promise<Environment> {
    const node = this.nodes.get(env.node) as Node;
    await node.environment.close();
    await spoil(node.folder, fault);
    node.environment = await open(node.key, node.folder, node.room);
    return node.environment;
  }

  fill(env: Environment, full: boolean): void {
    (this.nodes.get(env.node) as Node).room.freeBytes = full ? 0 : Number.POSITIVE_INFINITY;
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
    this.server.closeAllConnections();
    this.server.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function spoil(folder: string, fault: DiskFault): Promise<void> {
  if (fault.type === 'none') return;
  if (fault.type === 'rot') return rotTable(join(folder, 'tables', fault.table), fault.entries);
  if (fault.type === 'rotBlobs') return rotBlobs(join(folder, 'blobs'), fault.count);
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

/** One value loses a bit, the others are swapped among one another. */
async function rotTable(folder: string, entries: number): Promise<void> {
  const level = new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' });
  const found = (await level.iterator().all()).slice(0, entries);
  for (const [at, [key, value]] of found.entries()) {
    const other = Uint8Array.from((found[at + 1] ?? [key, value])[1]);
    if (at === entries - 1) other[at % other.length] = (other[at % other.length] as number) ^ 0x04;
    await level.put(key, other);
  }
  await level.close();
}

async function rotBlobs(folder: string, count: number): Promise<void> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  for (const file of files.slice(0, count)) {
    const path = join(file.parentPath, file.name);
    const bytes = await readFile(path);
    bytes[0] = (bytes[0] as number) ^ 0x80;
    await writeFile(path, bytes);
  }
}

function open(key: NodeKey, dataFolder: string, room: Room): Promise<HostEnvironment> {
  const freeBytes = async (): Promise<number> => room.freeBytes;
  const outside = { config: { http: { hosts: { '127.0.0.1': { private: true } } } }, folder: dataFolder };
  return createHostEnvironment({
    key,
    dataFolder,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
    freeBytes,
    outside,
  });
}

environmentContract('host', () => HostWorld.open());
