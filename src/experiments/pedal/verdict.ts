import type { Micros } from '../../environment/index.ts';
import type { PedalScenario } from './format/pedal-scenario.ts';
import type { PedalReport } from './pedal-report.ts';
import type { SeenRequest } from './referee.ts';

interface Judged {
  readonly checks: PedalScenario['checks'];
  /** All requests of the run. */
  readonly all: readonly SeenRequest[];
  /** 0: there was none. */
  readonly lastFaultMicros: Micros;
}

/** Why a run does not count as good; nothing when it does. */
export function failuresOf(
  { invalidAccepted, requests, attacks, chain, masters, equivocationsProven }: Omit<PedalReport, 'failures'>,
  { checks, all, lastFaultMicros }: Judged,
): readonly string[] {
  const { answeredShare, answeredAfterShare, refusals, replaced, proven } = checks;
  const failures: string[] = [];
  if (invalidAccepted > 0) failures.push(`${invalidAccepted} invalid things were accepted`);
  if (chain.forks > 0) failures.push(`the ledger forked at ${chain.forks} heights`);
  if (requests.pending > 0) failures.push(`${requests.pending} requests never ended`);
  if (requests.asked === 0) failures.push('nothing was asked');
  if (requests.answered < answeredShare * requests.asked)
    failures.push(`${requests.answered} of ${requests.asked} requests were answered, expected ${100 * answeredShare} %`);
  const after = all.filter(({ honest, requestedMicros }) => honest !== undefined && requestedMicros > lastFaultMicros);
  const answered = after.filter(({ end }) => end?.state === 'answered').length;
  if (answered < answeredAfterShare * after.length)
    failures.push(
      `after the last fault ${answered} of ${after.length} requests were answered, expected ${100 * answeredAfterShare} %`,
    );
  if (lastFaultMicros > 0 && after.length === 0) failures.push('nothing was asked after the last fault');
  for (const { kind, attempts, taken } of attacks) {
    if (attempts === 0) failures.push(`${kind} was never tried`);
    if (taken > 0) failures.push(`${kind} was taken ${taken} times`);
  }
  const met = new Set(attacks.flatMap((attack) => Object.keys(attack.refusals)));
  for (const refusal of refusals) if (!met.has(refusal)) failures.push(`no attacker met the refusal ${refusal}`);
  if (masters.replaced < replaced) failures.push(`${masters.replaced} masters were replaced, expected ${replaced}`);
  if (equivocationsProven < proven) failures.push(`${equivocationsProven} equivocations were proven, expected ${proven}`);
  return failures;
}
