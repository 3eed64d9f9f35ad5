import { invariant } from '../../errors.ts';
import type { SignedMessage } from '../messages.ts';
import { handle } from './admission.ts';
import { onOwnPrePrepare } from './pre-prepare.ts';
import type { Core, HeightState } from './state.ts';

/** An own message is durable and was sent: only now it counts (rule 20). One of an earlier height has served its purpose. */
export function onSent(core: Core, h: HeightState, message: SignedMessage): void {
  invariant(message.signer === core.options.self, "'sent' names own messages", { signer: message.signer });
  if (message.height !== h.height) return;
  h.own.sent(message);
  if (message.type !== 'pre-prepare') return handle(core, h, message);
  if (h.final === undefined) onOwnPrePrepare(core, h, message);
}
