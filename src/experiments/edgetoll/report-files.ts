import { toCsv } from '../figures/csv.ts';
import { renderLineChart } from '../figures/line-chart.ts';
import { gasChart, timeChart } from './charts.ts';
import type { Comparison } from './compare.ts';
import { renderPage } from './page.ts';
import { EDGETOLL_PUBLISHED } from './published.ts';
import { WAYS } from './way.ts';

/** A file of the reproduction, by its path below the folder that was asked for. */
export interface ReportFile {
  readonly path: string;
  readonly text: string;
}

/** The page, and in the folder beside it the numbers and figures. The same comparison gives the same bytes. */
export function reportFiles(comparison: Comparison): readonly ReportFile[] {
  return [
    { path: 'edgetoll.md', text: renderPage(comparison) },
    { path: 'edgetoll/gas.csv', text: gasCsv(comparison) },
    { path: 'edgetoll/time.csv', text: timeCsv(comparison) },
    { path: 'edgetoll/published.csv', text: publishedCsv() },
    { path: 'edgetoll/gas.svg', text: renderLineChart(gasChart(comparison)) },
    { path: 'edgetoll/time.svg', text: renderLineChart(timeChart(comparison)) },
  ];
}

function gasCsv({ points }: Comparison): string {
  return toCsv(
    points.map(({ tasks, gas, channelsGasFrom }) => ({
      tasks,
      channels_gas: gas.channels,
      channels_gas_from: channelsGasFrom,
      transfers_gas: gas.transfers,
      channel_per_task_gas: gas.channelPerTask,
    })),
  );
}

function timeCsv({ points }: Comparison): string {
  return toCsv(
    points.flatMap((point) =>
      (['payment', 'whole'] as const).flatMap((part) =>
        WAYS.map((way) => {
          const { min, median, max } = (part === 'payment' ? point.paymentSeconds : point.wholeSeconds)[way];
          return { tasks: point.tasks, way, part, min_seconds: min, median_seconds: median, max_seconds: max };
        }),
      ),
    ),
  );
}

function publishedCsv(): string {
  return toCsv(
    EDGETOLL_PUBLISHED.map(({ tasks, channels, channelPerTask }) => ({
      tasks,
      channels_seconds: channels.seconds,
      channels_gas: channels.gas,
      channel_per_task_seconds: channelPerTask.seconds,
      channel_per_task_gas: channelPerTask.gas,
    })),
  );
}
