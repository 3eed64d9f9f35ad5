import { BASELINES } from '../comparison/index.ts';
import type { Calibration } from '../scenario/index.ts';
import { type FigureCell, RIVALS, type Rival } from './cell.ts';
import type { FigureName, FigurePlan } from './grids.ts';
import { NAMES, type Panel, sizeText } from './panels.ts';
import { FIGURE_GROUPS, FIGURE_LINE, FIGURE_LOOK_MICROS, FIGURE_WITHIN_MICROS, OPERATED } from './parameters.ts';
import type { CellSummary, Estimate } from './summary.ts';
import { type Verdict, verdictOn } from './verdict.ts';

/** What a page says of how its numbers came about. */
export interface PageFacts {
  readonly seeds: readonly number[];
  readonly quick: boolean;
  readonly calibration: Calibration;
}

interface Content extends PageFacts {
  readonly summaries: readonly CellSummary[];
  readonly panels: readonly Panel[];
}

const TITLES: Readonly<Record<FigureName, string>> = {
  'pedal-fig4': 'Collaboration time by concurrent transactions (figure 4)',
  'pedal-fig5': 'Collaboration time by data size (figure 5)',
  'pedal-fig6': 'I/O traffic by concurrent transactions (figure 6)',
  'pedal-fig7': 'I/O traffic by data size (figure 7)',
  'pedal-fig8': 'Collaboration time in the large network (figure 8)',
};
/** What the paper says of its own curves, whose values it does not print. */
const CLAIMS: Readonly<Record<FigureName, string>> = {
  'pedal-fig4':
    'PEDAL has the lowest processing time while the network grows, and works at 27 nodes with 60 transactions, where some of the others crash.',
  'pedal-fig5': 'PEDAL has the shortest processing time under different data volumes.',
  'pedal-fig6': 'With more transactions PEDAL’s traffic remains stable, and is less than that of the others.',
  'pedal-fig7': 'With more data PEDAL’s traffic grows less than that of the others, and is less overall.',
  'pedal-fig8':
    'PEDAL performs well when nodes and transactions increase; the others, which crashed at 27 nodes, are not in the figure.',
};
const BEHIND_ROWS_MAX = 60;

/** One figure as a page: what the paper says, what was measured, where it does not hold, and everything it was measured with. */
export function renderPage(plan: FigurePlan, content: Content): string {
  const { seeds, quick, summaries, panels } = content;
  const command = [
    `./bin/treadle reproduce ${plan.name} --out docs/reproduction`,
    ...(seeds[0] === 1 ? [] : [`--seed ${seeds[0]}`]),
    ...(seeds.length === (quick ? 1 : 3) ? [] : [`--seeds ${seeds.length}`]),
    ...(quick ? ['--quick'] : []),
  ];
  return `# ${TITLES[plan.name]}

The paper on SewingChain compares its oracle, PEDAL, with DBFT, RIBFT and PBFT. This page repeats that in the simulator: Treadle's real sealers and
oracle nodes, and baselines that are run message by message, over links, lines and processors that are simulated. It is written, numbers and pictures included, by

\`\`\`sh
${command.join(' ')}
\`\`\`

Seeds ${seeds.join(', ')}. ${seeds.length > 1 ? 'Bands and ± are 95 % confidence intervals of the mean (Student’s t).' : 'One seed: no confidence interval can be given.'}${quick ? ' A coarse grid: `--quick`.' : ''}

## What the paper says, and what was measured

> ${CLAIMS[plan.name]}

The paper's curves have no printed values; what can be compared is their order and their shape.

${plan.contenders.length > 1 ? rivals(plan, summaries) : alone(summaries)}

${panels.map(({ file, caption }) => `![${TITLES[plan.name]}: ${caption}](${plan.name}/${file})`).join('\n\n')}

${tables(plan, summaries)}
${plan.limited === undefined ? '' : crashes(plan, summaries)}
## What was run

${parameters(content)}

* **PEDAL**: four sealers and N oracle nodes, all of them Treadle's own nodes, ${4} machines more than the baselines have. Each term one group of N / ${FIGURE_GROUPS} works, led by a
  master beside it. Accounts ask \`{"source", "as": "digest"}\` at one moment. Data lies at N places outside, each with an uplink of the line's speed that serves
  one request after the other; of a group of s, floor(2s/3) + 1 read a content whole, the group signs the digest, and the answer goes on the ledger. The time ends when
  **every** node, sealer or oracle, has the block with the last answer. The traffic is all there is: reads and their requests, blocks, votes, transactions, announcements.
  Networks are past registration and election before the clock starts, and no election falls into a cell.
${plan.contenders.length > 1 ? RIVALS.map((rival) => `* **${NAMES[rival]}**: ${BASELINES[rival].label}.`).join('\n') : ''}
${plan.contenders.length > 1 ? baselineNotes() : ''}`;
}

function rivals(plan: FigurePlan, summaries: readonly CellSummary[]): string {
  const verdicts = RIVALS.map((rival): [Rival, Verdict] => [rival, verdictOn(summaries, rival, plan.measure)]);
  const what = plan.measure === 'time' ? 'faster' : 'less traffic';
  const rows = verdicts.map(([rival, { cells, ahead, least, most }]) => {
    const factor = `${ratio(least)} to ${ratio(most)}`;
    return `| ${NAMES[rival]} | ${ahead} of ${cells} cells | ${factor} | ${ahead === cells ? 'holds' : '**not in every cell**'} |`;
  });
  const behind = verdicts.flatMap(([, verdict]) => verdict.behind);
  return `| Against | PEDAL is ahead in | ${what}, times | |
|---|---:|---:|---|
${rows.join('\n')}

${behind.length === 0 ? 'There is no cell in which PEDAL is not ahead.' : notAhead(plan, behind)}`;
}

function notAhead({ measure }: FigurePlan, behind: Verdict['behind']): string {
  const value = ({ seconds, megabytes }: CellSummary): string =>
    measure === 'time' ? text(seconds, 2, 's') : text(megabytes, 2, 'MB');
  const rows = behind
    .slice(0, BEHIND_ROWS_MAX)
    .map(({ rival, pedal, other }) => `| ${cellText(pedal.cell)} | ${value(pedal)} | ${NAMES[rival]}: ${value(other)} |`);
  return `PEDAL is **not** ahead in these cells. An answer takes two blocks of the ledger, one with the request and one with the answer, and their way to every node; a
baseline agrees once. Where contents are so small that copies cost little, that decides.

| Cell | PEDAL | |
|---|---:|---:|
${rows.join('\n')}${behind.length > BEHIND_ROWS_MAX ? `\n\nand ${behind.length - BEHIND_ROWS_MAX} more, in \`cells.csv\`.` : ''}`;
}

function alone(summaries: readonly CellSummary[]): string {
  const finished = summaries.filter((summary) => summary.finished === summary.seeds).length;
  const slowest = summaries.toSorted((left, right) => (right.seconds?.mean ?? 0) - (left.seconds?.mean ?? 0))[0];
  return `All requests were answered in ${finished} of ${summaries.length} cells${slowest === undefined ? '' : `; the slowest took ${text(slowest.seconds, 2, 's')} (${cellText(slowest.cell)})`}. A group of N / ${FIGURE_GROUPS} grows with the network:
33 of 99 nodes, of which 23 read every content.`;
}

function tables({ contenders, measure }: FigurePlan, summaries: readonly CellSummary[]): string {
  const sizes = new Set(summaries.map(({ cell }) => cell.nodes));
  const least = Math.min(...sizes);
  const most = Math.max(...sizes);
  return [...new Set([least, most])]
    .map((nodes) => {
      const within = summaries.filter(({ cell }) => cell.nodes === nodes);
      const cells = [...new Map(within.map(({ cell }) => [JSON.stringify(cell), cell])).values()];
      const rows = cells.map((cell) => {
        const values = contenders.map((contender) => {
          const found = within.find(
            (summary) => summary.contender === contender && JSON.stringify(summary.cell) === JSON.stringify(cell),
          );
          if (found === undefined) return '';
          return measure === 'time' ? text(found.seconds, 2) : text(found.megabytes, 1);
        });
        return `| ${cell.transactions} x ${sizeText(cell.sizeBytes)} | ${values.join(' | ')} |`;
      });
      return `### ${nodes} nodes, ${measure === 'time' ? 'seconds' : 'MB'}

| | ${contenders.map((contender) => NAMES[contender]).join(' | ')} |
|---|${contenders.map(() => '---:|').join('')}
${rows.join('\n')}
`;
    })
    .join('\n');
}

function crashes({ limited }: FigurePlan, summaries: readonly CellSummary[]): string {
  const rows = RIVALS.flatMap((rival) =>
    summaries
      .filter(({ contender }) => contender === `${rival} (limits)`)
      .map((summary) => {
        const state =
          summary.finished === summary.seeds
            ? text(summary.seconds, 2, 's')
            : `**crashes** (${summary.finished} of ${summary.seeds} seeds finish)`;
        return `| ${NAMES[rival]} | ${cellText(summary.cell)} | ${state} | ${summary.viewChanges.toFixed(0)} |`;
      }),
  );
  const pedal = summaries.filter(({ contender }) => contender === 'pedal');
  const whole = pedal.filter(({ finished, seeds }) => finished === seeds).length;
  return `## What "crash" means

The paper's baselines crash, and it does not say how. Here a run that did not end within ${FIGURE_WITHIN_MICROS / 60e6} minutes of virtual time counts as crashed. In the table above timeouts
and queues of the baselines have no bound, so that none is blamed for a bad setting: they are slow, and they end. Run as an operator would run
them, with a first view of ${OPERATED.baseTimeoutMicros / 1e6} s that doubles with every further one, and at most ${OPERATED.queueBytesMax / 2 ** 20} MiB waiting for one peer (what Treadle's own nodes keep), it
depends on the load (${limited === undefined ? '' : `${limited.nodes.join(' and ')} nodes`}):

| | Cell | | View changes |
|---|---|---:|---:|
${rows.join('\n')}

A leader that needs longer for its copies than its view lasts is replaced, the next one begins anew with the copies and those of the view changes, and nothing ends. What the
paper leaves out: with back-pressure nothing has to crash. Treadle's sealers never carry the data, an oracle node reads as fast as its line takes it, and what a full pool
refuses is told so and comes again. PEDAL, with those same bounds on its queues, ended ${whole} of ${pedal.length} cells.
`;
}

function parameters({ calibration }: Content): string {
  const { bitsPerSecond, latencyMicros, jitterMicros, blockIntervalMicros, gatherMicros } = FIGURE_LINE;
  const costs = Object.entries(calibration.costMicros).map(([operation, micros]) => `${operation} ${micros}`);
  return `| Parameter | Value | |
|---|---|---|
| Line of each machine and place, up and down | ${bitsPerSecond / 1e6} Mbit/s | ours; the paper's servers have 1000 Mbit/s, all on one machine |
| One way between two machines, and to a source | ${latencyMicros / 1000} ms ± ${jitterMicros / 1000} ms | ours |
| Block interval of the ledger; time in which a baseline's leader lets bodies come together | ${blockIntervalMicros / 1000} ms | ours |
| Time that the first transaction after a pause waits for others (\`gatherMs\`) | ${gatherMicros / 1000} ms | ours; PEDAL only, baselines wait a whole interval |
| Groups of PEDAL, DBFT, RIBFT | ${FIGURE_GROUPS} | the paper's |
| Quorum of an oracle group of s | floor(2s/3) + 1 | the paper's two thirds, rounded as 3f + 1 demands |
| Oracle nodes' \`lookMs\` | ${FIGURE_LOOK_MICROS / 1000} | ours |
| Counts as not finished after | ${FIGURE_WITHIN_MICROS / 1e6} s | ours |
| Where requests and bodies come in | spread evenly over the nodes and places | ours |
| Processor, microseconds per unit | ${costs.join(', ')}; what is not named as in src/experiments/cpu-costs.ts | \`treadle calibrate\` on ${calibration.machine}; the same for everybody |`;
}

function baselineNotes(): string {
  return `
PBFT is the protocol of 1999 as the paper uses it: one group, bodies inside the messages of its leader. DBFT is restated from its abstract and a public white paper. RIBFT's message
format, reputation formula and thresholds are not public: both of its columns are reconstructions, and they read "cross-domain" in two ways. In the first a body
never leaves its domain, so that two thirds of the nodes never see it, which is less than a collaboration needs: a lower bound. In the second the leader of highest reputation
uploads the body to the master chain and every domain gets it. PEDAL's nodes see a body only where they work on it, and everybody has the digest that two thirds of a group signed.
The baselines execute no contracts and are charged signatures only; PEDAL is charged gas, pairings and signatures. Nobody is charged for hashing bodies.
`;
}

function cellText({ nodes, transactions, sizeBytes }: FigureCell): string {
  return `${nodes} nodes, ${transactions} x ${sizeText(sizeBytes)}`;
}

function text(value: Estimate | undefined, digits: number, unit = ''): string {
  if (value === undefined) return 'not finished';
  const half = value.halfWidth === undefined ? '' : ` ± ${value.halfWidth.toFixed(digits)}`;
  return `${value.mean.toFixed(digits)}${half}${unit === '' ? '' : ` ${unit}`}`;
}

function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : 'not finished';
}
