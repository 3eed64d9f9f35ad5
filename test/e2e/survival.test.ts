import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it, onTestFailed, vi } from 'vitest';
import { ClientLoad } from './support/client-load.ts';
import { rpc } from './support/consortium.ts';
import { killAtOnce, temporaryFolder, until } from './support/processes.ts';
import { allGrow, compareChains, type SealerProcess, startSealers } from './support/sealers.ts';

const GROWS_WITHIN_MS = 60_000;
vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

const folder = temporaryFolder();
const started: SealerProcess[] = [];

afterAll(async () => {
  await killAtOnce(started.map(({ pid }) => pid).filter((pid) => pid > 0));
  folder.remove();
});

/** Cuts everything between two sides, both ways. */
function cut(left: readonly SealerProcess[], right: readonly SealerProcess[]): void {
  const blocked = (others: readonly SealerProcess[]) => Object.fromEntries(others.map(({ node }) => [node, { blocked: true }]));
  for (const each of left) each.shape(blocked(right));
  for (const each of right) each.shape(blocked(left));
}

function heal(sealers: readonly SealerProcess[]): void {
  for (const each of sealers) each.shape({});
}

// What happens to processes is in the hands of the operating system: each fault is held for a fixed real time, then progress is waited for.
const HELD_MS = 3_000;

describe.each([
  { sealers: 4, firstPort: 24_000 },
  { sealers: 7, firstPort: 25_000 },
])('$sealers sealers as processes, under load', ({ sealers: count, firstPort }) => {
  it('survive kill -9, pauses, cut and slow links, and the end of everybody at once, without losing an acknowledged transaction', async () => {
    const sealers = await startSealers({ folder: `${folder.path}/${count}`, sealers: count, firstPort });
    started.push(...sealers);
    const faults = Math.floor((count - 1) / 3);
    const [first, second] = sealers as [SealerProcess, SealerProcess];
    const chainId = Number(await rpc<string>(first.rpcUrl, 'eth_chainId'));
    const down = new Set<SealerProcess>();
    const load = new ClientLoad(chainId, () => sealers.filter((each) => !down.has(each)).map(({ rpcUrl }) => rpcUrl));
    onTestFailed(() => console.error(`acknowledged ${load.acknowledged.size}, not acknowledged ${load.refused}`));
    await allGrow(sealers, 1, GROWS_WITHIN_MS);
    load.start(4);

    // kill -9 of as many as the set tolerates; the others go on, the killed ones come back and catch up.
    const killed = sealers.slice(0, faults);
    for (const each of killed) down.add(each);
    await Promise.all(killed.map((each) => each.kill()));
    await allGrow(sealers.slice(faults), 2, GROWS_WITHIN_MS);
    await Promise.all(killed.map((each) => each.start()));
    down.clear();
    await allGrow(sealers, 1, GROWS_WITHIN_MS);

    // A pause is a machine that does not answer and does not hang up.
    down.add(second);
    second.pause();
    await allGrow(
      sealers.filter((each) => each !== second),
      2,
      GROWS_WITHIN_MS,
    );
    second.resume();
    down.clear();
    await allGrow(sealers, 1, GROWS_WITHIN_MS);

    // No side has a quorum while the line is cut; afterwards the chain goes on.
    const half = Math.ceil(count / 2);
    cut(sealers.slice(0, half), sealers.slice(half));
    await delay(HELD_MS);
    heal(sealers);
    await allGrow(sealers, 2, GROWS_WITHIN_MS);

    // One direction only: the first sealer hears and is not heard.
    first.shape({ '*': { blocked: true } });
    await allGrow(sealers.slice(1), 2, GROWS_WITHIN_MS);
    heal(sealers);
    await allGrow(sealers, 1, GROWS_WITHIN_MS);

    // Everybody is far away, on a thin line.
    for (const each of sealers) each.shape({ '*': { delay: '80 ms', bandwidth: '2 Mbit/s' } });
    await allGrow(sealers, 2, GROWS_WITHIN_MS);
    heal(sealers);

    // The lights go out in the whole plant.
    for (const each of sealers) down.add(each);
    await Promise.all(sealers.map((each) => each.kill()));
    await Promise.all(sealers.map((each) => each.start()));
    down.clear();
    await allGrow(sealers, 2, GROWS_WITHIN_MS);

    await load.stop();
    const height = await allGrow(sealers, 2, GROWS_WITHIN_MS);
    const counts = await compareChains(sealers, height);
    const lost = [...load.acknowledged].filter((hash) => counts.get(hash) === undefined);
    expect(lost).toEqual([]);
    expect([...counts.values()].every((times) => times === 1)).toBe(true);
    expect(load.acknowledged.size).toBeGreaterThan(50);
    expect(load.withBody.size).toBeGreaterThan(5);
    for (const each of sealers) {
      for (const hash of load.withBody) {
        await until(
          `${each.name} has the body of ${hash}`,
          GROWS_WITHIN_MS,
          async () => (await rpc(each.rpcUrl, 'treadle_getPayload', hash)) !== null,
        );
      }
    }
    await killAtOnce(sealers.map(({ pid }) => pid));
  });
});
