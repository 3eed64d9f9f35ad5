import { LATE_ROUNDS } from './cell-result.ts';
import {
  ATTACKED_STRATEGIES,
  BEYOND_STRATEGIES,
  FIGURE_NETWORKS,
  type FigurePart,
  type FigureScale,
  OTHER_ATTACKS,
  OTHER_STRATEGIES,
  PROOFS,
  PUBLISHED_SHARES,
  PUBLISHED_STRATEGIES,
  SHARES_BEYOND,
} from './figure-cells.ts';
import { claimsOf, publishedPoints } from './published.ts';
import type { DatasetReport, FigureRuns } from './report-files.ts';
import type { FigurePoint } from './summary.ts';

/** The figure as a page: how it was run, each claim with what was measured for it, pictures and tables, and what did not run. */
export function renderPage(figure: FigureRuns, reports: readonly DatasetReport[]): string {
  const iid = figure.figure === 'pedal-fig9';
  return `# Learning among liars, ${iid ? 'IID (figure 9)' : 'non-IID (figure 10)'}

The paper that Pedal comes from (SewingChain, section V-C) compares three ways to make one model of what clients send while some of them send random weights. This page
repeats the comparison, with robust rules of others on the same plots, and goes on where the paper stops: other attacks, and more than a third of malicious clients. It is
written, numbers and pictures included, by

\`\`\`sh
${commandOf(figure)}
\`\`\`

${figure.quick ? 'This is the quick form: fewer clients, samples, epochs and rounds. It shows the shape, not the numbers.\n\n' : ''}## How it was run

| | Value | Whose |
|---|---|---|
${setUp(figure, reports, iid)}

Accuracies are those after the last round, on the part of the test set that judged nobody. A run is decided by its plan and seed: it gives the same bits on every machine and
for every number of threads.

${reports.map((report) => section(figure, report)).join('\n')}
${notRun(figure, reports)}`;
}

function commandOf({ figure, quick, seed, runs }: FigureRuns): string {
  const named = runs.map(({ dataset }) => dataset).join(',');
  const { repeats } = runs[0]?.scale ?? {};
  return `./bin/treadle reproduce ${figure} --data DIR --datasets ${named}${quick ? ' --quick' : ` --seeds ${repeats}`}${seed === 1 ? '' : ` --seed ${seed}`} --out docs/reproduction`;
}

function setUp({ seed }: FigureRuns, reports: readonly DatasetReport[], iid: boolean): string {
  const scales = [...new Map(reports.map(({ dataset, scale }) => [scaleText(scale), dataset])).keys()];
  const rows: readonly (readonly [string, string, string])[] = [
    ...(scales.length === 1
      ? [['Scale', scales[0] as string, "the paper's: 100 clients, 10 active, 5 local epochs, 30 rounds, 3 repeats"] as const]
      : reports.map(
          ({ dataset, scale }) =>
            [
              `Scale, ${dataset}`,
              scaleText(scale),
              "the paper's: 100 clients, 10 active, 5 local epochs, 30 rounds, 3 repeats",
            ] as const,
        )),
    [
      'Samples of a client',
      iid
        ? 'drawn evenly from all'
        : 'two of as many slices as twice the clients (200 slices for 100 clients), cut from all samples sorted by label: two kinds of samples as a rule',
      'the paper\'s; that a client has two slices follows from "the same amount"',
    ],
    ...reports.map(
      ({ dataset, samples }) =>
        [
          `Data, ${dataset}`,
          `${samples.train} samples to train, ${samples.test} to test, network \`${FIGURE_NETWORKS[dataset]}\``,
          dataset === 'cifar10' ? "ours: the paper's network takes hours for one run" : "the paper's network",
        ] as const,
    ),
    [
      'Learning rate, batch',
      `${[...new Set(reports.map(({ scale }) => scale.learningRate))].join(' or ')}, 10`,
      'ours: the paper prints none',
    ],
    [
      'Malicious clients',
      `${PUBLISHED_SHARES.map((share) => share * 100).join(', ')} % of all clients, drawn once a run`,
      "the paper's shares; how they are drawn is ours",
    ],
    [
      'Random weights',
      'normal, deviation 1, in place of training; the loss that is claimed is drawn from 0 to 1',
      'ours: the paper says "random parameters"',
    ],
    [
      'Pedal',
      'the best ceil(n/3) of n updates, ranked on a third of the test set, weighted by their samples',
      "the paper's equations 12 and 13; reconstructed: 13 divides by the samples of all nodes, here by those of the chosen",
    ],
    [
      'Proof',
      '`proof`: the one model with the smallest claimed loss that others find as well; `proof:average=1`: the mean of all whose claims hold',
      'reconstructed; the paper describes the first and says that its figures show "parameters of honest nodes" aggregated, which is the second',
    ],
    ['FedAvg', 'mean weighted by samples', 'published (McMahan et al. 2017)'],
    [
      OTHER_STRATEGIES.join(', '),
      'with as many expected liars as the rule bears, but fewer than a third',
      'ours: not in the paper',
    ],
    ['Seeds', `${seed} for the first repeat, then the next`, 'ours'],
  ];
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function scaleText({ clients, active, epochs, rounds, repeats, trainSamplesMax, testSamplesMax }: FigureScale): string {
  const limits = [
    ...(trainSamplesMax === undefined ? [] : [`at most ${trainSamplesMax} samples to train`]),
    ...(testSamplesMax === undefined ? [] : [`${testSamplesMax} to test`]),
  ];
  return [`${clients} clients, ${active} active, ${epochs} local epochs, ${rounds} rounds, ${repeats} repeats`, ...limits].join(
    ', ',
  );
}

function section({ figure }: FigureRuns, { dataset, points, pictures }: DatasetReport): string {
  const published = points.filter(({ part }) => part === 'published' || part === 'others');
  const beyond = points.filter(({ part, final }) => part === 'beyond' && final !== undefined);
  const attacks = points.filter(({ part, final }) => part === 'attacks' && final !== undefined);
  const accuracy = publishedPoints(points);
  const claims = claimsOf(dataset).flatMap(({ text, holds }) =>
    PROOFS.map((proof) => {
      const finding = holds(accuracy, proof);
      return `| ${text} | \`${proof}\` | ${finding?.measured ?? ''} | ${finding === undefined ? 'not all run' : finding.holds ? 'holds' : '**does not hold here**'} |`;
    }),
  );
  const picture = (name: string): string =>
    pictures
      .filter(({ file }) => file.endsWith(`-${name}.svg`))
      .map(({ file, title }) => `![${dataset}: ${title}](${figure}/${file})\n\n`)
      .join('');
  const parts = [
    `## ${dataset}\n\n| The paper says | Proof as | Measured | |\n|---|---|---|---|\n${claims.join('\n')}\n\n${observations(accuracy)}${dataset === 'mnist' ? SILENT : ''}${figure === 'pedal-fig10' ? FEW_KINDS : ''}\n`,
    `### Random weights\n\n${picture('shares')}${table(published, [...PUBLISHED_STRATEGIES, ...OTHER_STRATEGIES], PUBLISHED_SHARES)}\n\n${picture('rounds')}`,
    ...(beyond.length === 0
      ? []
      : [`### More than a third malicious (ours)\n\n${picture('beyond')}${table(beyond, BEYOND_STRATEGIES, SHARES_BEYOND)}\n`]),
    ...(attacks.length === 0
      ? []
      : [`### Other attacks, ${Math.max(...PUBLISHED_SHARES) * 100} % malicious (ours)\n\n${attackTable(attacks)}\n`]),
  ];
  return parts.join('\n');
}

const SILENT = '\n* What the paper says of accuracy without malicious nodes leaves MNIST out.';
/** Why a third of the updates is less than all of them here. */
const FEW_KINDS =
  '\n* Pedal is below FedAvg here even without liars. A likely reason, not tested: four updates of clients with two kinds of samples each know eight of ten classes at most, and `proof` keeps one.';

/** What the paper does not say in words and a reader wants to know. */
function observations(accuracy: ReturnType<typeof publishedPoints>): string {
  const largest = Math.max(...PUBLISHED_SHARES);
  const lines = PUBLISHED_STRATEGIES.flatMap((strategy) => {
    const [clean, attacked] = [accuracy(strategy, 0), accuracy(strategy, largest)];
    if (clean === undefined || attacked === undefined) return [];
    return [
      `* ${strategy}: ${clean.toFixed(3)} without liars, ${attacked.toFixed(3)} with ${largest * 100} %: ${((clean - attacked) * 100).toFixed(1).replace(/^-0\.0$/, '0.0')} points lost.`,
    ];
  });
  return lines.join('\n');
}

function table(points: readonly FigurePoint[], strategies: readonly string[], shares: readonly number[]): string {
  const rows = strategies.flatMap((strategy) => {
    const own = shares.map((share) => points.find((point) => point.strategy === strategy && point.share === share));
    if (own.every((point) => point?.final === undefined)) return [];
    return [`| \`${strategy}\` | ${own.map(pointText).join(' | ')} |`];
  });
  const head = `| Strategy | ${shares.map((share) => `${share * 100} %`).join(' | ')} |\n|---|${shares.map(() => '---|').join('')}`;
  return `${head}\n${rows.join('\n')}\n\nMean (worst to best; runs), then in brackets the mean of the last ${LATE_ROUNDS} rounds.`;
}

function attackTable(points: readonly FigurePoint[]): string {
  const rows = ATTACKED_STRATEGIES.flatMap((strategy) => {
    const own = OTHER_ATTACKS.map((attack) => points.find((point) => point.strategy === strategy && point.attack === attack));
    return own.every((point) => point === undefined) ? [] : [`| \`${strategy}\` | ${own.map(pointText).join(' | ')} |`];
  });
  return `| Strategy | ${OTHER_ATTACKS.map((attack) => `\`${attack}\``).join(' | ')} |\n|---|${OTHER_ATTACKS.map(() => '---|').join('')}\n${rows.join('\n')}`;
}

function pointText(point: FigurePoint | undefined): string {
  const { final, late } = point ?? {};
  if (final === undefined || late === undefined) return 'not run';
  const spread = final.count === 1 ? '1 run' : `${final.min.toFixed(3)} to ${final.max.toFixed(3)}; ${final.count} runs`;
  return `**${final.mean.toFixed(3)}** (${spread}) [${late.mean.toFixed(3)}]`;
}

/** What each part of a figure asks, for the list of what did not run. */
const PARTS: Readonly<Record<FigurePart, string>> = {
  published: 'the comparison of the paper',
  others: 'the other rules',
  beyond: 'more than a third malicious',
  attacks: 'other attacks',
};

function notRun({ notRun: absent }: FigureRuns, reports: readonly DatasetReport[]): string {
  const lines = [
    ...absent.map(({ dataset, reason }) => `* \`${dataset}\`: ${reason}.`),
    ...reports.flatMap(({ dataset, points }) =>
      Object.entries(PARTS).flatMap(([part, title]) => {
        const missing = points.filter((point) => point.part === part && point.missing > 0);
        if (missing.length === 0) return [];
        const texts = [
          ...new Set(missing.map(({ seeds, missing: runs }) => `${seeds.length} of ${seeds.length + runs} seeds`)),
        ].map((state) => {
          const own = missing.filter(({ seeds, missing: runs }) => state === `${seeds.length} of ${seeds.length + runs} seeds`);
          return `${state} ran of ${missingText(own, points.filter((point) => point.part === part).length)}`;
        });
        return [`* \`${dataset}\`, ${title}: ${texts.join('; ')}.`];
      }),
    ),
  ];
  return lines.length === 0 ? '' : `## Not run\n\n${lines.join('\n')}\n`;
}

function missingText(missing: readonly FigurePoint[], count: number): string {
  if (missing.length === count) return 'all';
  const byStrategy = new Map<string, string[]>();
  for (const { strategy, attack, share, part } of missing) {
    const setting = part === 'attacks' ? `\`${attack}\`` : `${share * 100} %`;
    byStrategy.set(strategy, [...(byStrategy.get(strategy) ?? []), setting]);
  }
  return [...byStrategy].map(([strategy, settings]) => `\`${strategy}\` ${settings.join(', ')}`).join(' and ');
}
