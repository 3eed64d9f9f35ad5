import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFailed, vi } from 'vitest';
import { certificateToJson, WIRE_VERSIONS } from '../../src/consortium/index.ts';
import { ClientLoad } from './support/client-load.ts';
import { blockAt, height, rpc } from './support/consortium.ts';
import { certify, freshKey, genesisIn, keyIn, layOutNode } from './support/newcomers.ts';
import { killAtOnce, temporaryFolder, treadleJson, until } from './support/processes.ts';
import { allGrow, compareChains, SealerProcess, startSealers } from './support/sealers.ts';

// Keys, certificates, members and releases change while clients go on: nothing that was acknowledged is lost, nobody forks.

const FIRST_PORT = 27_000;
const PATIENCE_MS = 50_000;
vi.setConfig({ testTimeout: 2 * PATIENCE_MS, hookTimeout: 2 * PATIENCE_MS });

/** In any 32 blocks at most f seats change, with five sealers one. */
const EPOCH_BLOCKS = 32;
const OLDER = { lowest: WIRE_VERSIONS.lowest, highest: WIRE_VERSIONS.highest - 1 };
const NEWER = { lowest: WIRE_VERSIONS.highest, highest: WIRE_VERSIONS.highest };

const folder = temporaryFolder();
const home = join(folder.path, 'home');
const running: SealerProcess[] = [];
/** Who seals, as far as this test has changed it. */
let sealers: readonly SealerProcess[] = [];
/** Nobody sends transactions to these. */
const away = new Set<SealerProcess>();
let load: ClientLoad;
let rotatedAt = 0;

beforeAll(async () => {
  sealers = await startSealers({
    folder: folder.path,
    sealers: 5,
    firstPort: FIRST_PORT,
    configure: (each) => each.configure({ wireVersions: OLDER }),
  });
  running.push(...sealers);
  const chainId = Number(await rpc<string>(named('proxy').rpcUrl, 'eth_chainId'));
  load = new ClientLoad(chainId, () => sealers.filter((each) => !away.has(each)).map(({ rpcUrl }) => rpcUrl));
  await allGrow(sealers, 1, PATIENCE_MS);
  load.start(3);
});

afterAll(async () => {
  await load?.stop();
  await killAtOnce(running.map(({ pid }) => pid).filter((pid) => pid > 0));
  folder.remove();
});

function named(name: string): SealerProcess {
  const found = running.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

const others = (one: SealerProcess): readonly SealerProcess[] => sealers.filter((each) => each !== one);
const keyOf = (name: string): string => join(home, name, 'key.json');

async function sealersAt({ rpcUrl }: SealerProcess): Promise<readonly string[]> {
  return (await rpc<{ readonly sealers: readonly string[] }>(rpcUrl, 'treadle_consensus')).sealers;
}

/** A consortium command at the proxy's node, with the key of a member. */
function decide<T>(as: string, ...words: readonly string[]): Promise<T> {
  return treadleJson<T>(folder.path, 'consortium', ...words, '--key', keyOf(as), '--rpc', named('proxy').rpcUrl);
}

/** What this node heard of why it is refused, or what it says of refusing that peer. */
function reasons(at: SealerProcess, peer?: SealerProcess): readonly string[] {
  const lines = [...at.logged('connection_refused'), ...at.logged('peer.no-longer-admitted')];
  return lines.filter((line) => peer === undefined || line['peer'] === peer.node).map((line) => String(line['reason']));
}

function showLoadOnFailure(): void {
  onTestFailed(() => console.error(`acknowledged ${load.acknowledged.size}, not acknowledged ${load.refused}`));
}

describe('while clients send transactions', () => {
  it('a company replaces the key that its node runs with', async () => {
    showLoadOnFailure();
    const old = named('company-1');
    const key = freshKey();
    layOutNode(join(home, 'company-1b'), {
      key,
      file: {
        role: 'company',
        name: 'Company 1 (test)',
        company: old.node,
        accountKeyFile: '../company-1/key.json',
        contacts: others(old).map(({ contact }) => contact),
        rpc: { host: '127.0.0.1', port: 0 },
        wireVersions: OLDER,
      },
    });
    const successor = new SealerProcess(folder.path, { node: key.address, folder: 'company-1b' });
    running.push(successor);
    await decide('company-1', 'rotate-key', '--new-key', keyOf('company-1b'));
    await successor.start();
    await until('the new key seals in place of the old one', PATIENCE_MS, async () => {
      const now = await sealersAt(named('proxy'));
      return now.includes(key.address) && !now.includes(old.node);
    });
    rotatedAt = await height(named('proxy').rpcUrl);
    // What clients gave it last goes to the others before it is stopped for good.
    away.add(old);
    await allGrow(others(old), 3, PATIENCE_MS);
    await old.stop();
    sealers = [...others(old), successor];
    await allGrow(sealers, 5, PATIENCE_MS);
    await until('the new key builds a block', PATIENCE_MS, async () => {
      const head = await height(named('proxy').rpcUrl);
      for (let number = rotatedAt; number <= head; number++) {
        if ((await blockAt(named('proxy').rpcUrl, number))?.miner.toLowerCase() === key.address) return true;
      }
      return false;
    });
  });

  it('a certificate expires, its node is shut out, and is back with a new one without a restart', async () => {
    showLoadOnFailure();
    const key = freshKey();
    const request = { observer: key.address, role: 'centre', chainId: genesisIn(home).chainId } as const;
    // By the account of the company, whose node runs with another key by now.
    const issuer = keyIn(join(home, 'company-1'));
    layOutNode(join(home, 'observer'), {
      key,
      file: {
        role: 'centre',
        name: 'Observer',
        company: issuer.address,
        contacts: sealers.map(({ contact }) => contact),
        rpc: { host: '127.0.0.1', port: 0 },
        wireVersions: OLDER,
      },
      certificate: certify({ ...request, seconds: 30 }, issuer),
    });
    const observer = new SealerProcess(folder.path, { node: key.address, folder: 'observer' });
    running.push(observer);
    await observer.start();
    const before = await height(named('proxy').rpcUrl);
    await until('the observer follows the chain', PATIENCE_MS, async () => (await height(observer.rpcUrl)) > before);
    await until('every sealer shuts it out', PATIENCE_MS, () =>
      sealers.every((each) => reasons(each, observer).some((reason) => /CERTIFICATE_EXPIRED/.test(reason))),
    );
    const atEnd = await height(observer.rpcUrl);
    await allGrow(sealers, 3, PATIENCE_MS);
    expect(await height(observer.rpcUrl), 'it hears of no block any more').toBe(atEnd);
    writeFileSync(join(observer.home, 'certificate.json'), certificateToJson(certify(request, issuer)));
    const later = await height(named('proxy').rpcUrl);
    await until('the observer follows again', PATIENCE_MS, async () => (await height(observer.rpcUrl)) > later);
    expect(observer.logged('certificate.renewed')).toHaveLength(1);
    expect(observer.starts).toBe(1);
    await observer.stop();
  });

  it('a sealer that does not know that it was voted out goes on voting, and it does not matter', async () => {
    showLoadOnFailure();
    const removed = named('company-4');
    const rest = others(removed);
    await until('the next seat may change', PATIENCE_MS, async () => {
      return (await height(named('proxy').rpcUrl)) > rotatedAt + EPOCH_BLOCKS;
    });
    // What clients gave it last is in blocks; nobody else could bring it there.
    away.add(removed);
    await allGrow(sealers, 3, PATIENCE_MS);
    // From now on it is heard, and hears nothing: neither of new blocks nor of the vote.
    for (const each of rest) each.shape({ [removed.node]: { blocked: true } });
    await until('it asks for another round', PATIENCE_MS, async () => {
      const { round } = await rpc<{ readonly round: number }>(removed.rpcUrl, 'treadle_consensus');
      return round > 0;
    });
    const { proposal } = await decide<{ readonly proposal: { readonly id: string | number } }>(
      ...(['company-1', 'propose', '--remove', removed.node] as const),
    );
    for (const voter of ['company-2', 'company-3']) await decide(voter, 'vote', String(proposal.id));
    await until('nobody counts it any more', PATIENCE_MS, async () => {
      const counts = await Promise.all(rest.map(sealersAt));
      return counts.every((now) => !now.includes(removed.node));
    });
    const from = await height(named('proxy').rpcUrl);
    sealers = rest;
    expect(await sealersAt(removed), 'it does not know').toContain(removed.node);
    await until('everybody shuts it out', PATIENCE_MS, () =>
      rest.every((each) => reasons(each, removed).some((reason) => /no company/.test(reason))),
    );
    const head = await allGrow(rest, 6, PATIENCE_MS);
    for (let number = from + 1; number <= head; number++) {
      expect((await blockAt(named('proxy').rpcUrl, number))?.miner.toLowerCase()).not.toBe(removed.node);
    }
    const itsHead = await height(removed.rpcUrl);
    expect((await blockAt(removed.rpcUrl, itsHead))?.hash).toBe((await blockAt(named('proxy').rpcUrl, itsHead))?.hash);
    for (const each of rest) each.shape({});
    await until('it is told why', PATIENCE_MS, () => reasons(removed).some((reason) => /no company/.test(reason)));
    await removed.stop();
  });

  /** One after the other is stopped, configured and started again, and the chain goes on. */
  async function roll(wireVersions: typeof OLDER): Promise<void> {
    for (const each of sealers) {
      away.add(each);
      await each.stop();
      each.configure({ wireVersions });
      await each.start();
      away.delete(each);
      await allGrow(sealers, 1, PATIENCE_MS);
    }
  }

  it('the sealers are upgraded to a new wire version one by one', async () => {
    showLoadOnFailure();
    await roll(WIRE_VERSIONS);
  });

  it('the old wire version is given up one by one', async () => {
    showLoadOnFailure();
    await roll(NEWER);
  });

  it('a sealer that speaks the old version only is refused with the reason, and is back once it speaks the new one', async () => {
    showLoadOnFailure();
    const late = sealers[1] as SealerProcess;
    away.add(late);
    await late.stop();
    late.configure({ wireVersions: OLDER });
    await late.start();
    const spoken = `the peer speaks wire version ${OLDER.highest}, this node ${NEWER.highest}`;
    for (const each of others(late)) {
      await until(`${each.name} says why`, PATIENCE_MS, () => reasons(each, late).some((reason) => reason.includes(spoken)));
    }
    await until('it is told why', PATIENCE_MS, () => reasons(late).some((reason) => /wire version/.test(reason)));
    await allGrow(others(late), 2, PATIENCE_MS);
    await late.stop();
    late.configure({ wireVersions: NEWER });
    await late.start();
    away.delete(late);
    await allGrow(sealers, 2, PATIENCE_MS);
  });

  it('and every acknowledged transaction is in the chain once, with equal roots everywhere', async () => {
    await load.stop();
    const upTo = await allGrow(sealers, 1, PATIENCE_MS);
    const counts = await compareChains(sealers, upTo);
    expect([...load.acknowledgedBy].filter(([hash]) => counts.get(hash) === undefined)).toEqual([]);
    expect([...counts.values()].every((times) => times === 1)).toBe(true);
    expect(load.acknowledged.size).toBeGreaterThan(100);
    expect(load.withBody.size).toBeGreaterThan(10);
  });
});
