import { describe, expect, it } from 'vitest';
import { createDirectory, type Directory } from '../consortium/index.ts';
import { keyFrom, type NodeKey } from '../crypto/index.ts';
import { openDoor } from '../environment/contract/index.ts';
import type { Environment } from '../environment/index.ts';
import { createWorld, type World } from '../environment/sim/index.ts';
import { EXCHANGE_RETRY_MICROS_MAX, REQUEST_TIMEOUT_MICROS } from '../limits.ts';
import { createDirectoryExchanges, type DirectoryExchanges } from './directory-exchanges.ts';

const SECOND = 1_000_000;
const [device, sealer] = [keyFrom(new Uint8Array(32).fill(1)), keyFrom(new Uint8Array(32).fill(2))] as const;

/** A device that is connected to a sealer and can ask it; `wanted` says whether it still wants to. */
class Bench {
  readonly world: World = createWorld({ seed: 1 });
  readonly device: Environment = this.world.addNode(device.address);
  readonly sealer: Environment = this.world.addNode(sealer.address);
  wanted = true;
  attempts = 0;
  directory!: Directory;
  exchanges!: DirectoryExchanges;

  static async open(): Promise<Bench> {
    const bench = new Bench();
    const { world, device: own, sealer: peer } = bench;
    bench.directory = await world.run(directoryOf(own, device));
    await world.run(directoryOf(peer, sealer));
    const { directory } = bench;
    bench.exchanges = createDirectoryExchanges({
      environment: own,
      directory: {
        exchangeWith: (node) => {
          bench.attempts++;
          return directory.exchangeWith(node);
        },
      },
      isNeeded: () => bench.wanted,
    });
    await world.run(own.network.start(openDoor));
    await world.run(peer.network.start(openDoor));
    await world.run(own.network.connect({ node: sealer.address, addresses: peer.network.addresses() }));
    return bench;
  }

  /** The answers are late, for less time than it takes to give the connection up. */
  delayAnswers(): void {
    this.world.clog(sealer.address, device.address, REQUEST_TIMEOUT_MICROS + 2 * SECOND);
  }
}

function directoryOf(environment: Environment, key: NodeKey): Promise<Directory> {
  const company = sealer.address;
  const role = key === sealer ? 'company' : 'device';
  return createDirectory({ environment, key, self: { role, company, name: role, addresses: environment.network.addresses() } });
}

describe('exchanges with directories', () => {
  it('are made again when the first answer came too late', async () => {
    const bench = await Bench.open();
    bench.delayAnswers();
    bench.exchanges.begin(sealer.address);
    await bench.world.runFor(REQUEST_TIMEOUT_MICROS + SECOND / 2);
    expect(bench.directory.lookup(sealer.address)).toBeUndefined();
    await bench.world.runFor(3 * SECOND);
    expect(bench.directory.lookup(sealer.address)?.name).toBe('company');
    expect(bench.attempts).toBe(2);
    // What was read is not asked for again.
    await bench.world.runFor(2 * EXCHANGE_RETRY_MICROS_MAX);
    expect(bench.attempts).toBe(2);
  });

  it('pause longer and longer while the peer does not answer', async () => {
    const bench = await Bench.open();
    // It takes the question and says nothing, while other frames keep the connection.
    bench.world.setLink(sealer.address, device.address, { bitsPerSecond: 1 });
    bench.exchanges.begin(sealer.address);
    await bench.world.runFor(10 * (REQUEST_TIMEOUT_MICROS + EXCHANGE_RETRY_MICROS_MAX));
    expect(bench.attempts).toBeGreaterThanOrEqual(10);
    expect(bench.attempts).toBeLessThanOrEqual(15);
  });

  it('end with the connection, with the need, and with the node', async () => {
    for (const over of ['connection', 'need', 'node'] as const) {
      const bench = await Bench.open();
      bench.delayAnswers();
      bench.exchanges.begin(sealer.address);
      if (over === 'need') bench.wanted = false;
      await bench.world.runFor(REQUEST_TIMEOUT_MICROS + SECOND / 2);
      if (over === 'connection') bench.exchanges.end(sealer.address);
      if (over === 'node') bench.exchanges.stop();
      await bench.world.runFor(2 * EXCHANGE_RETRY_MICROS_MAX);
      expect(bench.attempts).toBe(1);
    }
  });
});
