import type { CampaignSummary, ScenarioSummary, Spread } from './campaign.ts';

export interface QaPageOptions {
  readonly version: string;
  readonly summary: CampaignSummary;
  /** First and last seed of each kind of run. */
  readonly seeds: string;
  readonly machine: string;
  readonly wallMinutes: number;
  /** The command that did it. */
  readonly command: string;
  /** Markdown about bugs that campaigns found, kept from the page as it was. */
  readonly found: string;
}

/** The heading under which people write what campaigns found; a new page keeps what stands there. */
export const FOUND_HEADING = '## Bugs found by campaigns';

/** The text of `docs/qa/<version>.md`. */
export function qaPage(options: QaPageOptions): string {
  const { version, summary, seeds, machine, wallMinutes, command, found } = options;
  const lines = [
    `# Fault campaign of ${version}`,
    '',
    `\`${command}\` on ${machine}: ${summary.runs} runs in ${wallMinutes.toFixed(0)} minutes, ${summary.virtualHours} hours of virtual time, ${summary.commits} blocks.`,
    `Seeds: ${seeds}. Sizes: ${Object.entries(summary.sizes)
      .map(([nodes, runs]) => `${runs} runs with ${nodes} sealers`)
      .join(', ')}.`,
    '',
    `**${summary.violations} violations, ${summary.notLive} runs not live after the heal, ${summary.failures} failed runs.**`,
    '',
    'A figure with two numbers is the middle run and the worst run. Latency is counted from the first submission by a client,',
    'retries at other nodes included; the gap is the longest time without a block while faults ran or after it.',
    '',
    '## Figures',
    '',
    '| Scenario | Runs | Failed | Virtual h | Blocks | p50 ms | p95 ms | p99 ms | Longest gap ms | Recovery ms | Drained ms | Throughput under faults | Bytes per committed MB | Max round | Peak pool | Peak queue bytes |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...summary.scenarios.map((each) => row(each.scenario, each)),
    row('**all**', summary),
    '',
    '## Rare states',
    '',
    'Each must be reached in a campaign: otherwise it tests less than it says.',
    '',
    '| State | Runs | Of so many that might | Times |',
    '|---|---|---|---|',
    ...Object.entries(summary.sometimes).map(
      ([name, { runs, times, possible }]) => `| ${name} | ${runs} | ${possible === 0 ? '' : possible} | ${times} |`,
    ),
    '',
    summary.never.length === 0 ? 'All were reached.' : `Never reached: ${summary.never.join('; ')}.`,
    '',
    '## Failed runs',
    '',
    ...(summary.failed.length === 0
      ? ['None.']
      : summary.failed.map(({ replay, why }) => `* \`${replay}\`: ${why.slice(0, 3).join('; ').slice(0, 400)}`)),
    '',
    FOUND_HEADING,
    '',
    found.trim() === '' ? 'None yet.' : found.trim(),
  ];
  return `${lines.join('\n')}\n`;
}

function row(name: string, each: Omit<ScenarioSummary, 'scenario'>): string {
  const pair = ({ median, worst }: Spread): string => `${median} / ${worst}`;
  const cells = [
    name,
    each.runs,
    each.failures,
    each.virtualHours,
    each.commits,
    pair(each.commitLatencyMs.p50),
    pair(each.commitLatencyMs.p95),
    pair(each.commitLatencyMs.p99),
    pair(each.longestGapMs),
    pair(each.recoveryMs),
    pair(each.drainedMs),
    `${Math.round(100 * each.goodputShare)} %`,
    pair(each.bytesPerCommittedMb),
    each.roundMax,
    each.poolTransactionsMax,
    each.queueBytesMax,
  ];
  return `| ${cells.join(' | ')} |`;
}
