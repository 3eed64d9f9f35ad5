import { recoverSigned } from '../certificate.ts';
import type { CommitCertificate } from '../core.ts';
import type { Core } from './state.ts';
import { witness } from './witness.ts';

/**
 * A block came with its certificate, so its votes are known although they were not sent here. Whoever signed one of them
 * and told this node another digest lied to somebody (rule 23). Its signatures are recovered only when there is such a vote.
 */
export function onCertified(core: Core, certificate: CommitCertificate): void {
  const watched = core.watch.at(certificate.height);
  if (watched !== undefined) watched.decidedIn = certificate.round;
  if (!core.watch.contradicts(certificate)) return;
  for (const vote of recoverSigned(core.options.domain, certificate)) witness(core, vote);
}
