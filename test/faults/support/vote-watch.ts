import { decodeMessage, type SignedMessage, signingDigest } from '../../../src/consensus/index.ts';
import { genesisDomain } from '../../../src/consortium/index.ts';
import { toHex } from '../../../src/crypto/index.ts';
import { CONSENSUS_PROTOCOL } from '../../../src/node/index.ts';
import { type Between, withMessages } from './between.ts';

/** What all nodes of a cluster ever signed, as it left them. */
export interface VoteWatch {
  readonly between: Between;
  /** Different votes seen. */
  readonly count: () => number;
  /** Places (signer, height, round, type) for which two different votes left a node: must be empty. */
  readonly conflicts: readonly string[];
}

export function watchVotes(): VoteWatch {
  const seen = new Map<string, string>();
  const conflicts: string[] = [];
  const note = (message: SignedMessage, domain: Uint8Array): void => {
    const { signer, height, round, type } = message;
    const place = `${signer} ${height} ${round} ${type}`;
    const content = toHex(signingDigest(domain, message));
    const before = seen.get(place);
    seen.set(place, content);
    if (before !== undefined && before !== content) conflicts.push(place);
  };
  return {
    conflicts,
    count: () => seen.size,
    between: (environment, seat) => {
      const domain = genesisDomain(seat.setup.genesis);
      return withMessages(environment, {
        send(_to, protocol, frame) {
          if (protocol === CONSENSUS_PROTOCOL) note(decodeMessage(frame), domain);
          return frame;
        },
      });
    },
  };
}
