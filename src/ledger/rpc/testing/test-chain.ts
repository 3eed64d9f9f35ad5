import type { Address } from '../../../crypto/index.ts';
import { createWorld, type World } from '../../../environment/sim/index.ts';
import { invariant } from '../../../errors.ts';
import { decodeProposal } from '../../chain/block-codec.ts';
import type { BlockRecord, Ledger } from '../../ledger.ts';
import { openLedger } from '../../open-ledger.ts';
import type { PoolLimits } from '../../pool/pool.ts';
import { certify, sealerKeys, testGenesis, testKey, verifyTestCertificate } from '../../testing/fixtures.ts';
import { createRpc, type Rpc } from '../rpc.ts';
import type { NodeReport, TreadlePort } from '../treadle-port.ts';

/** One node's ledger in a simulated world, with blocks made on demand in place of agreement. */
export interface TestChain {
  readonly world: World;
  readonly ledger: Ledger;
  readonly rpc: Rpc;
  /** Puts what is pooled into a block. */
  seal(): Promise<BlockRecord>;
  /** Lets virtual time pass. */
  advance(micros: number): Promise<void>;
  /** What `treadle_node` says of catching up. */
  setSyncing(syncing: () => NodeReport['syncing']): void;
}

export interface TestChainOptions {
  /** Seal whenever a transaction is pooled. */
  readonly sealAtOnce?: boolean;
  readonly poolLimits?: PoolLimits;
  readonly memoryBytes?: number;
}

const keys = sealerKeys(4);
const self = keys[0]?.address as Address;

/** An account that owns an ether. */
export const owner = testKey(0);

export async function openTestChain(options: TestChainOptions = {}): Promise<TestChain> {
  const world = createWorld({ seed: 'rpc' });
  const environment = world.addNode(self);
  const { drive, hurry } = driver(world);
  const ledger = await drive(
    openLedger(environment, testGenesis(), {
      standsAlone: true,
      verifyCertificate: verifyTestCertificate,
      ...(options.poolLimits !== undefined && { poolLimits: options.poolLimits }),
      ...(options.memoryBytes !== undefined && { memoryBytes: options.memoryBytes }),
    }),
  );
  let syncing: () => NodeReport['syncing'] = () => false;
  const rpc = createRpc({
    ledger,
    environment,
    treadle: testPort(ledger, () => syncing()),
    clientVersion: 'treadle/v0.0.0-test',
  });

  async function sealOnce(): Promise<BlockRecord> {
    const timestampMs = Math.max(ledger.head.timestampMs, Math.floor(environment.clock.now() / 1000));
    const { digest, proposal } = await ledger.propose({ proposer: self, timestampMs });
    return ledger.commit({ digest, proposal, certificate: certify(keys, decodeProposal(proposal).header) });
  }
  let sealing: Promise<unknown> = Promise.resolve();
  function seal(): Promise<BlockRecord> {
    const next = sealing.then(sealOnce);
    sealing = next;
    return drive(next);
  }
  if (options.sealAtOnce === true) ledger.onPending(() => void seal());

  return {
    world,
    ledger,
    rpc: {
      answer: (...call) => drive(rpc.answer(...call)),
      handleText: (...call) => drive(rpc.handleText(...call)),
      call: (...call) => drive(rpc.call(...call)),
      batch: (...call) => drive(rpc.batch(...call)),
      payload: (...call) => drive(rpc.payload(...call)),
      memory: rpc.memory,
      methods: rpc.methods,
    },
    seal,
    advance(micros) {
      hurry(micros);
      return drive(new Promise((resolve) => void environment.clock.set(micros, resolve, 'advance')));
    },
    setSyncing: (now) => {
      syncing = now;
    },
  };
}

/** Lets the world run, a millisecond at a time, as long as one of the promises given to it is open. */
function driver(world: World) {
  let open = 0;
  let running = false;
  let leapMicros = 0;

  async function run(): Promise<void> {
    running = true;
    while (open > 0) {
      const stepMicros = Math.max(1_000, leapMicros);
      leapMicros = 0;
      await world.runFor(stepMicros);
      await new Promise((resolve) => setImmediate(resolve));
    }
    running = false;
  }

  return {
    /** The next step takes this long. */
    hurry(micros: number): void {
      leapMicros = micros;
    },
    async drive<T>(promise: Promise<T>): Promise<T> {
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

function testPort(ledger: Ledger, syncing: () => NodeReport['syncing']): TreadlePort {
  const [proxy, ...rest] = keys.map(({ address }) => address);
  invariant(proxy !== undefined, 'there are sealers');
  return {
    consensus: () => ({
      height: ledger.head.number + 1,
      round: 0,
      phase: 'idle',
      proposer: proxy,
      sealers: ledger.sealers(),
      viewChanges: 2,
      headHash: ledger.head.hash,
      headNumber: ledger.head.number,
    }),
    peers: () =>
      rest.map((node, index) => ({
        node,
        role: 'sealer',
        company: `company ${index}`,
        connected: index < 2,
        addresses: [`sim:${index}`],
        since: 0,
      })),
    membership: async () => ({
      proxy,
      proxySealer: proxy,
      companies: rest.map((account) => ({ account, name: account, sealer: account })),
      sealers: ledger.sealers(),
      quarantined: [],
      evidence: [],
      proposals: [],
    }),
    node: () => ({
      id: proxy,
      role: 'sealer',
      company: 'company 0',
      name: 'first',
      version: '0.0.0',
      chainId: ledger.chainId,
      genesisHash: ledger.genesisHash,
      height: ledger.head.number,
      syncing: syncing(),
    }),
    signers: ({ signatures }) => keys.slice(0, signatures.length).map(({ address }) => address),
  };
}
