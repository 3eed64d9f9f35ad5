import {
  INBOX_ADDRESS,
  inboxArtifact,
  inboxClient,
  LANE_CONTROL_ADDRESS,
  type LaneTrust,
  laneControlArtifact,
  laneTrusts,
  outboxClient,
  pedalClient,
  sourceHeadersClient,
} from '../../contracts/index.ts';
import { type Hex, toHex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { RELAY_ASK_SECONDS } from '../../limits.ts';
import type { LaneSource } from '../../oracle/index.ts';
import type { Sibling } from './siblings.ts';
import { chainProof, furthestStep, provedLane } from './source-evidence.ts';

interface Dependencies {
  readonly environment: Environment;
  /** The ledger that shall learn roots. */
  readonly own: Sibling;
  readonly source: Sibling;
  readonly lanes: LaneSource;
}

/** What a lane that comes in demands, and whether it runs. */
export interface LaneTerms {
  readonly trust: LaneTrust;
  readonly enabled: boolean;
  readonly paused: boolean;
  readonly graceSeconds: number;
}

/** Brings a ledger roots of one lane that leads to it, in the ways that the lane demands. */
export interface RootCarrier {
  terms(): Promise<LaneTerms>;
  /** Goes one step towards a root of more than `size` leaves; false when there is nothing to do now. */
  bring(size: bigint, terms: LaneTerms): Promise<boolean>;
}

const ZEROS: Hex = `0x${'00'.repeat(32)}`;

export function createRootCarrier({ environment, own, source, lanes }: Dependencies): RootCarrier {
  const peer = BigInt(source.chainId);
  const self = BigInt(own.chainId);
  const inbox = inboxClient(own.client);
  const headers = sourceHeadersClient(own.client);
  const pedal = pedalClient(own.client);
  const control = { to: LANE_CONTROL_ADDRESS, abi: laneControlArtifact.abi } as const;

  async function certify(target: number): Promise<boolean> {
    const known = await headers.ledger(peer);
    if (target < Number(known.height) || (target === Number(known.height) && known.hash === ZEROS)) return false;
    const { height, evidence } = await furthestStep(source, known, target);
    if (known.domain === ZEROS) {
      await headers.introduce(peer, toHex(source.domain), evidence, await chainProof(source, height));
      return true;
    }
    if (height < target) await headers.advance(peer, evidence);
    else await inbox.commitByCertificate(peer, evidence, await provedLane(source, self, height));
    return true;
  }

  async function ask(size: bigint): Promise<boolean> {
    const { request } = await inbox.lane(peer);
    if (request !== 0n) return closeEnded(request);
    const job = await pedal.job('message');
    if (job === undefined || !job.enabled) return false;
    const expiresAt = BigInt(Math.floor(environment.clock.now() / 1e6) + RELAY_ASK_SECONDS);
    await inbox.ask({ source: peer, size, expiresAt, feeWei: job.feeWei });
    return true;
  }

  /** A request whose callback did not run is closed by hand. */
  async function closeEnded(request: bigint): Promise<boolean> {
    const { state } = await pedal.requestOf(request);
    if (state === 'pending') return false;
    await inbox.syncRequest(peer);
    return true;
  }

  return {
    async terms() {
      const lane = await own.client.call({ ...control, functionName: 'laneOf', args: [peer] });
      const all = await own.client.call({ ...control, functionName: 'paused', args: [] });
      const one = await own.client.call({ ...control, functionName: 'lanePaused', args: [peer] });
      const trust = laneTrusts[lane.trust] ?? 'none';
      return { trust, enabled: lane.enabled, paused: all || one, graceSeconds: lane.graceSeconds };
    },
    async bring(size, { trust }) {
      if (trust === 'certificate') {
        const head = source.ledger.head.number;
        if ((await outboxClient(source.client).lane(self, head)).size <= size) return false;
        return certify(head);
      }
      // What the group answers for is what is filed: the certificate shows the same height first where both are wanted.
      const height = Number(await lanes.newestHeight(peer));
      const shown = await outboxClient(source.client).lane(self, height);
      if (shown.size <= size) return false;
      if (trust === 'group') return ask(0n);
      const abi = inboxArtifact.abi;
      const roots = await own.client.call({ to: INBOX_ADDRESS, abi, functionName: 'rootsOf', args: [peer, shown.size] });
      if (roots.byCertificate === ZEROS) return certify(height);
      return roots.byGroup === ZEROS ? ask(shown.size) : false;
    },
  };
}
