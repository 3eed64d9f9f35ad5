import type { RoundRecord, RunPlan } from '../../learning/index.ts';

/** Clients that a line names before it counts the rest. */
const NAMED_MAX = 6;

/** One round in one line. */
export function roundText(
  { round, metrics, accepted, rejected, absent }: RoundRecord,
  plan: RunPlan,
  secondsEach: number,
): string {
  const named = (what: string, clients: readonly { readonly client: string }[]): string => {
    if (clients.length === 0) return '';
    const names = clients.slice(0, NAMED_MAX).map(({ client }) => clientText(client));
    const rest = clients.length - names.length;
    return ` | ${what} ${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  };
  const triggered = metrics.triggered === undefined ? '' : ` | mark works on ${(100 * metrics.triggered).toFixed(1)} %`;
  const left = plan.rounds - round;
  return (
    `round ${String(round).padStart(String(plan.rounds).length)}/${plan.rounds} | accuracy ${metrics.accuracy.toFixed(4)} | ` +
    `loss ${metrics.loss.toFixed(4)}${triggered} | accepted ${accepted.length}${named('rejected', rejected)}${named('absent', absent)}` +
    ` | ${left === 0 ? 'done' : `${spanText(left * secondsEach)} left`}`
  );
}

/** A client in few characters: its number. */
export function clientText(client: string): string {
  return client.replace(/^client-0*(?=\d)/, '');
}

/** Seconds as a person says them. */
export function spanText(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
