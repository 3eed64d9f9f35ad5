import type { Chart, Series } from '../figures/line-chart.ts';
import type { Comparison, ComparisonPoint } from './compare.ts';
import { EDGETOLL_PUBLISHED, type PublishedPoint } from './published.ts';

/** Gas of the paying transactions against the number of tasks. */
export function gasChart({ points }: Comparison): Chart {
  return {
    title: 'Gas of paying for n tasks',
    xName: 'tasks',
    yName: 'gas, paying transactions only',
    logarithmicX: true,
    logarithmicY: true,
    series: [
      measured('Two channels', points, (point) => point.gas.channels),
      measured('A transfer per task', points, (point) => point.gas.transfers),
      measured('A channel per task', points, (point) => point.gas.channelPerTask),
      published({ name: 'EdgeToll: two channels', hue: 0 }, (point) => point.channels.gas),
      published({ name: 'EdgeToll: a channel per task', hue: 2 }, (point) => point.channelPerTask.gas),
    ],
  };
}

/** Time of everything against the number of tasks. */
export function timeChart({ points, seeds }: Comparison): Chart {
  return {
    title: 'Time of n tasks with matching, work and payment',
    xName: 'tasks',
    yName: `seconds (measured: virtual, median of ${seeds.length} seeds)`,
    logarithmicX: true,
    logarithmicY: true,
    series: [
      measured('Two channels', points, (point) => point.wholeSeconds.channels.median),
      measured('A transfer per task', points, (point) => point.wholeSeconds.transfers.median),
      measured('A channel per task', points, (point) => point.wholeSeconds.channelPerTask.median),
      published({ name: 'EdgeToll: two channels', hue: 0 }, (point) => point.channels.seconds),
      published({ name: 'EdgeToll: a channel per task', hue: 2 }, (point) => point.channelPerTask.seconds),
    ],
  };
}

function measured(name: string, points: readonly ComparisonPoint[], y: (point: ComparisonPoint) => number): Series {
  return { name, points: points.map((point) => [point.tasks, y(point)]), origin: 'measured' };
}

/** In the hue of the measured series that it belongs to. */
function published({ name, hue }: { readonly name: string; readonly hue: number }, y: (point: PublishedPoint) => number): Series {
  const points = EDGETOLL_PUBLISHED.map((point): [number, number] => [point.tasks, y(point)]);
  return { name: `${name} (published)`, points, origin: 'published', hue };
}
