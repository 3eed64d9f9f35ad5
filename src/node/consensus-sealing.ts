import { type ConsensusCore, createPbft, type Evidence } from '../consensus/index.ts';
import type { Environment } from '../environment/index.ts';
import { DEFAULT_TIMING, type Ledger } from '../ledger/index.ts';
import { type ConsensusDriver, createConsensusDriver } from './consensus-driver.ts';
import type { NodeSetup } from './setup.ts';
import { createStanding, type Standing } from './standing.ts';
import { openVoteLog } from './vote-log.ts';

/** The parts of a node by which it takes part in consensus. */
export interface Sealing {
  readonly core: ConsensusCore;
  readonly driver: ConsensusDriver;
  readonly standing: Standing;
  /** Call it before the network starts. */
  start(): void;
  stop(): void;
  /** Closes the record of votes, when nothing is under way any more. */
  close(): Promise<void>;
}

/** Puts the consensus of a node together; nothing runs before `start`. */
export async function createSealing(
  environment: Environment,
  setup: NodeSetup,
  parts: {
    readonly ledger: Ledger;
    /** Domain of all consensus signatures of this chain. */
    readonly domain: Uint8Array;
    readonly onEvidence?: (evidence: Evidence) => void;
    readonly fatal: (error: unknown) => void;
  },
): Promise<Sealing> {
  const { ledger, domain, fatal, onEvidence } = parts;
  const timing = setup.genesis.timing ?? DEFAULT_TIMING;
  const baseTimeoutMicros = timing.baseTimeoutMs * 1000;
  const heartbeatMicros = timing.heartbeatMs * 1000;
  const votes = await openVoteLog({ environment, key: setup.key, domain });
  const core = createPbft({
    domain,
    self: setup.key.address,
    baseTimeoutMicros,
    idleTimeoutMicros: heartbeatMicros + baseTimeoutMicros,
  });
  const newestOf: NonNullable<ConsensusCore['newestOf']> = (signer) => core.newestOf?.(signer) ?? [];
  const standing = createStanding({ environment, ledger, votes, domain, newestOf, fatal });
  const driver = createConsensusDriver(
    {
      blockIntervalMicros: timing.blockIntervalMs * 1000,
      heartbeatMicros,
      baseTimeoutMicros,
      gatherMicros: (timing.gatherMs ?? 0) * 1000,
    },
    { environment, ledger, core, votes, standing, fatal, ...(onEvidence !== undefined && { onEvidence }) },
  );
  return {
    core,
    driver,
    standing,
    start() {
      driver.start();
      standing.start();
    },
    stop() {
      standing.stop();
      driver.stop();
    },
    close: () => votes.close(),
  };
}
