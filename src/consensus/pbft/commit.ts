import type { Hex } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';
import { makeCertificate } from '../certificate.ts';
import type { Commit, Signed } from '../messages.ts';
import { addVote } from './add-vote.ts';
import { type Core, type HeightState, type HeldProposal, quorumDigest, type RoundState, roundState } from './state.ts';

/** A commit vote, a peer's or this node's own, of this round or one near it (rule 10). */
export function onCommit(core: Core, h: HeightState, message: Signed<Commit>): void {
  const state = roundState(h, message.round);
  if (!addVote(core, h, state.commits, message)) return;
  if (h.final === undefined) return finishRound(core, h, message.round, state);
  const digest = quorumDigest(h, state.commits);
  invariant(
    digest === undefined || digest === h.final.digest,
    'one height has one decision: more sealers lie than the set tolerates',
    {
      height: h.height,
      first: h.final.digest,
      second: digest,
    },
  );
}

/** Looks again at the commit votes held, because a proposal turned out valid. */
export function finishIfCommitted(core: Core, h: HeightState): void {
  for (const [round, state] of h.rounds) if (h.final === undefined) finishRound(core, h, round, state);
}

function finishRound(core: Core, h: HeightState, round: number, state: RoundState): void {
  const digest = quorumDigest(h, state.commits);
  if (digest === undefined) return;
  const held = heldProposal(h, digest);
  if (held?.verdict === 'pending') return;
  if (held?.verdict !== 'valid') {
    // The height is decided, but not by us: the block comes with its certificate from a peer.
    const behind = core.lag.takeReport(h.height + 1);
    if (behind !== undefined) core.effects.push({ type: 'behind', height: behind });
    return;
  }
  finish(core, h, { round, digest, held, state });
}

function finish(
  core: Core,
  h: HeightState,
  decided: { readonly round: number; readonly digest: Hex; readonly held: HeldProposal; readonly state: RoundState },
): void {
  const { round, digest, held, state } = decided;
  const { height } = h;
  const commits = [...state.commits.values()].filter((commit) => commit.digest === digest);
  invariant(commits.length >= h.quorum, 'a quorum of distinct sealers commits', { height, round });
  const certificate = makeCertificate({ height, round, digest }, commits);
  h.final = { round, digest };
  h.proposing = undefined;
  const { proposal, proposer } = held;
  core.effects.push({ type: 'commit', height, round, digest, proposal, proposer, certificate });
}

/** The proposal with this digest in any round, best verdict first. */
function heldProposal(h: HeightState, digest: Hex): HeldProposal | undefined {
  const held = [...h.rounds.values()].flatMap(({ proposal }) => (proposal?.digest === digest ? proposal : []));
  return held.find(({ verdict }) => verdict === 'valid') ?? held.find(({ verdict }) => verdict === 'pending') ?? held[0];
}
