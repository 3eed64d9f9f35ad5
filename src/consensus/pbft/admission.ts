import { setOf } from '../../set-of.ts';
import type { ConsensusEvent } from '../core.ts';
import type { SignedMessage } from '../messages.ts';
import { verifyMessage } from '../signing.ts';
import { isRoundKept } from './add-vote.ts';
import { onCommit } from './commit.ts';
import { fault } from './effects.ts';
import { onPrePrepare } from './pre-prepare.ts';
import { onPrepare } from './prepare.ts';
import { onRoundChange } from './round-change.ts';
import type { Core, HeightState } from './state.ts';
import { waste, witness } from './witness.ts';

/** A message from the network: sorted by height, checked, handed to its step (rules 1 to 4). */
export function onMessage(core: Core, h: HeightState, event: ConsensusEvent & { type: 'message' }): void {
  const { message, via } = event;
  if (message.signer === core.options.self) return;
  if (message.height < h.height) return onPast(core, event);
  if (message.height === h.height && !h.voting) return;
  // Only votes are covered by their signature in full. The other two carry bytes that whoever passes them on could
  // change, so they are taken from their signer alone: nobody can be blamed for what another did to its message.
  const relayed = (message.type === 'pre-prepare' || message.type === 'round-change') && via !== message.signer;
  if (relayed) return fault(core, h, via, `relayed a ${message.type} of another sealer`);
  if (message.height === h.height && !setOf(h.sealers).has(message.signer)) {
    return fault(core, h, via, `message of ${message.signer}, which is no sealer of height ${h.height}`);
  }
  if (!verifyMessage(core.options.domain, message)) {
    waste(core, via);
    return fault(core, h, via, 'message with a wrong signature');
  }
  if (message.height > h.height) return onFuture(core, h, event);
  witness(core, message);
  handle(core, h, message);
}

/** Hands a checked message of the current height to its step. */
export function handle(core: Core, h: HeightState, message: SignedMessage): void {
  if (h.final !== undefined && message.type !== 'commit') return;
  switch (message.type) {
    case 'pre-prepare':
      return onPrePrepare(core, h, message);
    case 'prepare':
      return isRoundKept(h, message.round) ? onPrepare(core, h, message) : undefined;
    case 'commit':
      return isRoundKept(h, message.round) ? onCommit(core, h, message) : undefined;
    case 'round-change':
      return onRoundChange(core, h, message);
  }
}

/**
 * A message of a height that is final here. It decides nothing any more, but it may contradict what its signer said
 * before; and the sender of a round change needs the block, not our vote.
 */
function onPast(core: Core, { message, via }: ConsensusEvent & { type: 'message' }): void {
  // Most messages say what is known already, and cost no signature check.
  if (core.watch.lacks(message)) {
    if (!verifyMessage(core.options.domain, message)) return waste(core, via);
    witness(core, message);
  }
  if (message.type !== 'round-change' || via !== message.signer || !verifyMessage(core.options.domain, message)) return;
  if (core.lag.takeLagging(via)) core.effects.push({ type: 'lagging', peer: via, height: message.height });
}

function onFuture(core: Core, h: HeightState, { message, via }: ConsensusEvent & { type: 'message' }): void {
  core.newest.seen(message);
  core.future.add({ message, via }, h);
  if (!h.voting || !setOf(h.sealers).has(message.signer)) return;
  core.lag.note(message);
  const behind = core.lag.takeBehind(h);
  if (behind !== undefined) core.effects.push({ type: 'behind', height: behind });
}
