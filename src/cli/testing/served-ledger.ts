import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commitDigest, verifyCertificate } from '../../consensus/index.ts';
import { buildGenesis, genesisDomain, genesisHash, keyToJson } from '../../consortium/index.ts';
import { consortiumClient, createLedgerClient, type LedgerClient } from '../../contracts/index.ts';
import { type Address, type Hex, keccak256, keyFrom, type NodeKey } from '../../crypto/index.ts';
import { type HttpServer, serveHttp } from '../../environment/host/index.ts';
import { createWorld, type World } from '../../environment/sim/index.ts';
import { invariant } from '../../errors.ts';
import {
  createRpc,
  createRpcHttpApp,
  decodeProposal,
  type Genesis,
  type Ledger,
  openLedger,
  type Rpc,
  type TreadlePort,
} from '../../ledger/index.ts';

/** A key that follows from a name. */
export function keyOf(name: string): NodeKey {
  return keyFrom(keccak256(new TextEncoder().encode(`cli test ${name}`)));
}

export const CHAIN_ID = 7331;
const COMPANIES = ['Ardent', 'Brook', 'Cobalt'];
const RICH = 1_000n * 10n ** 18n;

/** A consortium of a proxy and three companies on one ledger, served over HTTP on a port of this machine. */
export interface ServedLedger {
  readonly url: string;
  readonly genesis: Genesis;
  readonly proxy: NodeKey;
  readonly companies: readonly [NodeKey, NodeKey, NodeKey];
  /** A folder that goes with the ledger. */
  readonly folder: string;
  /** Writes a key file and returns its path. */
  keyFile(key: NodeKey): Promise<string>;
  /** A client that acts for a key without the command line. */
  clientOf(key: NodeKey): LedgerClient;
  /** The hash of a block. */
  hashOf(height: number): Promise<Hex>;
  /** Lets time pass on the chain. */
  advance(seconds: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens a ledger in the simulated environment, with a block for whatever is pooled, and serves its JSON-RPC. */
export async function serveLedger(): Promise<ServedLedger> {
  const proxy = keyOf('proxy');
  const companies = COMPANIES.map(keyOf) as [NodeKey, NodeKey, NodeKey];
  const sealers = [proxy, ...companies].sort((left, right) => (left.address < right.address ? -1 : 1));
  const genesis = buildGenesis({
    chainId: CHAIN_ID,
    timestampMs: Date.now() - 1_000,
    proxy: proxy.address,
    companies: companies.map(({ address }, at) => ({ account: address, name: COMPANIES[at] as string })),
    alloc: Object.fromEntries(sealers.map(({ address }) => [address, RICH])),
  });
  const world = createWorld({ seed: 'cli', startMicros: Date.now() * 1000 });
  const environment = world.addNode(proxy.address);
  const { drive, leap } = driver(world);
  const domain = genesisDomain(genesis);
  const ledger = await drive(
    openLedger(environment, genesis, {
      standsAlone: true,
      verifyCertificate: (certificate, voters) => verifyCertificate(domain, certificate, voters),
      domain,
    }),
  );
  const keys = new Map(sealers.map((key) => [key.address, key]));
  sealAtOnce(ledger, { domain, keys, drive, nowMs: () => Math.floor(environment.clock.now() / 1000) });
  const readers = (key?: NodeKey): LedgerClient =>
    createLedgerClient({
      rpc: (method, params) => rpc.call(method, params),
      environment,
      chainId: CHAIN_ID,
      ...(key && { key }),
    });
  const plain = createRpc({
    ledger,
    environment,
    treadle: reportsOf({ ledger, genesis, proxy, companies, reader: () => readers() }),
    clientVersion: 'treadle/test',
  });
  // Whoever calls, over HTTP or in process, makes virtual time go on until the answer is there.
  const rpc: Rpc = {
    methods: plain.methods,
    memory: plain.memory,
    batch: (...call) => drive(plain.batch(...call)),
    payload: (...call) => drive(plain.payload(...call)),
    answer: (...call) => drive(plain.answer(...call)),
    handleText: (...call) => drive(plain.handleText(...call)),
    call: (...call) => drive(plain.call(...call)),
  };
  const server: HttpServer = await serveHttp(createRpcHttpApp(rpc), { host: '127.0.0.1', port: 0 });
  const folder = await mkdtemp(join(tmpdir(), 'treadle-cli-'));
  return {
    url: server.url,
    genesis,
    proxy,
    companies,
    folder,
    async keyFile(key) {
      keys.set(key.address, key);
      const file = join(folder, `${key.address}.json`);
      await writeFile(file, keyToJson(key), { mode: 0o600 });
      return file;
    },
    clientOf(key) {
      keys.set(key.address, key);
      return readers(key);
    },
    async hashOf(height) {
      const header = await drive(ledger.header(height));
      invariant(header !== undefined, 'the block is there', { height });
      return header.hash;
    },
    async advance(seconds) {
      leap(seconds * 1_000_000);
      await drive(new Promise<void>((resolve) => void environment.clock.set(seconds * 1_000_000, resolve, 'advance')));
      // The time of the chain is that of its newest block.
      await readers(proxy).transact({ to: proxy.address });
    },
    async close() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Drive = <T>(promise: Promise<T>) => Promise<T>;

/** Lets the world run, a millisecond at a time, as long as one of the promises given to it is open. `leap` makes the next step longer. */
function driver(world: World): { readonly drive: Drive; readonly leap: (micros: number) => void } {
  let open = 0;
  let running = false;
  let stepMicros = 1_000;

  async function run(): Promise<void> {
    running = true;
    while (open > 0) {
      const micros = stepMicros;
      stepMicros = 1_000;
      await world.runFor(micros);
      await new Promise((resolve) => setImmediate(resolve));
    }
    running = false;
  }

  return {
    leap: (micros) => {
      stepMicros = micros;
    },
    drive: async (promise) => {
      open++;
      if (!running) void run();
      try {
        return await promise;
      } finally {
        open--;
      }
    },
  };
}

interface Sealing {
  readonly domain: Uint8Array;
  readonly keys: ReadonlyMap<Address, NodeKey>;
  readonly drive: Drive;
  readonly nowMs: () => number;
}

/** In the place of agreement: all sealers sign whatever is pooled. */
function sealAtOnce(ledger: Ledger, { domain, keys, drive, nowMs }: Sealing): void {
  let sealing: Promise<unknown> = Promise.resolve();
  const seal = async (): Promise<void> => {
    if (ledger.pendingCount() === 0) return;
    const timestampMs = Math.max(ledger.head.timestampMs, nowMs());
    // Of newcomers it has the keys that were asked for; an absent one costs nothing but its signature.
    const present = ledger.sealers().flatMap((sealer) => keys.get(sealer) ?? []);
    const { digest, proposal } = await ledger.propose({ proposer: present[0]?.address as Address, timestampMs });
    const decision = { height: decodeProposal(proposal).header.number, round: 0, digest };
    const signatures = present.map((key) => key.sign(commitDigest(domain, decision)));
    await ledger.commit({ digest, proposal, certificate: { ...decision, signatures } });
  };
  ledger.onPending(() => {
    sealing = sealing.then(() => drive(seal()));
  });
}

interface Reports {
  readonly ledger: Ledger;
  readonly genesis: Genesis;
  readonly proxy: NodeKey;
  readonly companies: readonly NodeKey[];
  readonly reader: () => LedgerClient;
}

/** What a node with this ledger and two peers would report. */
function reportsOf({ ledger, genesis, proxy, companies, reader }: Reports): TreadlePort {
  const [first, second] = companies.map(({ address }) => address);
  invariant(first !== undefined && second !== undefined, 'there are companies');
  return {
    consensus: () => ({
      height: ledger.head.number + 1,
      round: 0,
      phase: 'waiting-for-proposal',
      proposer: proxy.address,
      sealers: ledger.sealers(),
      viewChanges: 1,
      headHash: ledger.head.hash,
      headNumber: ledger.head.number,
    }),
    peers: () => [
      {
        node: first,
        role: 'company',
        company: first,
        connected: true,
        addresses: [],
        height: ledger.head.number,
        since: Date.now() - 5_000,
      },
      { node: second, role: 'company', company: second, connected: false, addresses: [], since: 0 },
    ],
    async membership() {
      const page = { offset: 0n, limit: 100n };
      const consortium = consortiumClient(reader());
      const open = (await consortium.proposals(page)).filter(({ state }) => state === 'open');
      return {
        proxy: proxy.address,
        proxySealer: proxy.address,
        companies: (await consortium.companies(page)).map(({ account, name, sealer }) => ({ account, name, sealer })),
        sealers: ledger.sealers(),
        quarantined: [],
        evidence: [],
        proposals: open.map(({ id, kind, account, proposer, yes, no }) => ({
          id: id.toString(),
          action: kind,
          subject: account,
          proposer,
          votesFor: yes,
          votesAgainst: no,
          votesNeeded: 3,
          waitsFor: null,
        })),
      };
    },
    node: () => ({
      id: proxy.address,
      role: 'proxy',
      company: proxy.address,
      name: 'Proxy',
      version: '0.0.0-test',
      chainId: CHAIN_ID,
      genesisHash: genesisHash(genesis),
      height: ledger.head.number,
      syncing: false,
    }),
    signers: () => [],
  };
}
