import type { SignedContact } from '../consortium/index.ts';
import type { Environment, NodeId, Timer } from '../environment/index.ts';
import { PEER_REVIEW_MICROS } from '../limits.ts';

interface Dependencies {
  readonly environment: Environment;
  /** The newest contact of a connected peer. */
  readonly contactOf: (peer: NodeId) => SignedContact | undefined;
  /** The reason to refuse a contact by who is a member now, or undefined. */
  readonly judge: (contact: SignedContact) => string | undefined;
}

/** Looks again and again whether those who were let in may stay. */
export interface PeerReview {
  start(): void;
  stop(): void;
}

/**
 * A handshake judges once, a connection lasts for months: certificates expire meanwhile, companies leave, keys are replaced.
 * Whoever would not be let in any more is disconnected with the reason, and finds it again when it dials.
 */
export function createPeerReview({ environment, contactOf, judge }: Dependencies): PeerReview {
  const { clock, network, log, metrics } = environment;
  let timer: Timer | undefined;
  let running = false;

  const turn = (): void => {
    if (!running) return;
    timer = clock.set(PEER_REVIEW_MICROS, turn, 'look whether the peers are still members');
    for (const peer of network.peers()) {
      const contact = contactOf(peer);
      const reason = contact === undefined ? undefined : judge(contact);
      if (reason === undefined) continue;
      metrics.count('peers_dropped_by_review_total');
      log.warn('peer.no-longer-admitted', { peer, reason });
      network.disconnect(peer, reason);
    }
  };

  return {
    start() {
      running = true;
      timer = clock.set(PEER_REVIEW_MICROS, turn, 'look whether the peers are still members');
    },
    stop() {
      running = false;
      if (timer !== undefined) clock.cancel(timer);
    },
  };
}
