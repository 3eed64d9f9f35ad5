import { useEffect, useRef } from 'react';
import type { SeriesPoint, SeriesUnit } from '../../../src/node/api/types.ts';
import { useTheme } from '../theme.ts';

interface ChartProps {
  readonly unit: SeriesUnit;
  readonly points: readonly SeriesPoint[];
}

type ECharts = ReturnType<typeof import('./echarts.ts')['echarts']['init']>;
type Painter = ReturnType<typeof createPainter>;

/** Transactions per bucket as bars, the reverted share set apart; the chart library is fetched when first shown. */
export function TransactionChart({ unit, points }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const painter = useRef<Painter>(undefined);
  const latest = useRef({ unit, points });
  const theme = useTheme();
  latest.current = { unit, points };

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    let gone = false;
    void import('./echarts.ts').then(({ echarts }) => {
      // The page may have moved on while the library was on its way.
      if (gone) return;
      const made = createPainter(echarts.init(element, null, { renderer: 'svg' }));
      painter.current = made;
      made.draw(latest.current, element);
    });
    const observer = new ResizeObserver(() => painter.current?.resize());
    observer.observe(element);
    return () => {
      gone = true;
      observer.disconnect();
      painter.current?.dispose();
      painter.current = undefined;
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme is read from the styles while drawing.
  useEffect(() => {
    if (box.current !== null) painter.current?.draw({ unit, points }, box.current);
  }, [unit, points, theme]);

  const total = points.reduce((sum, point) => sum + point.transactions, 0);
  return (
    <div
      ref={box}
      className="chart"
      role="img"
      aria-label={`${total} transactions in the last ${points.length} ${unit}`}
      data-testid="series"
      data-total={total}
    />
  );
}

function createPainter(chart: ECharts) {
  return {
    draw({ unit, points }: ChartProps, themed: HTMLElement): void {
      chart.setOption(optionOf(unit, points, themed));
    },
    resize: () => chart.resize(),
    dispose: () => chart.dispose(),
  };
}

function optionOf(unit: SeriesUnit, points: readonly SeriesPoint[], themed: HTMLElement) {
  const style = getComputedStyle(themed);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axisText = { color: colour('--faint'), fontSize: 11 };
  return {
    animationDuration: 250,
    grid: { left: 8, right: 8, top: 16, bottom: 4, outerBoundsMode: 'same' as const },
    // Rich text keeps the tooltip inside the drawing: no inline style attributes, which the page's policy forbids.
    tooltip: {
      trigger: 'axis' as const,
      renderMode: 'richText' as const,
      axisPointer: { type: 'shadow' as const, shadowStyle: { color: colour('--hover') } },
      backgroundColor: colour('--raised'),
      borderColor: colour('--line-strong'),
      borderWidth: 1,
      textStyle: { color: colour('--ink'), fontSize: 12 },
    },
    xAxis: {
      type: 'category' as const,
      data: points.map((point) => bucketLabel(point.startMs, unit)),
      axisLine: { lineStyle: { color: colour('--line-strong') } },
      axisTick: { show: false },
      axisLabel: axisText,
    },
    yAxis: {
      type: 'value' as const,
      minInterval: 1,
      axisLabel: axisText,
      splitLine: { lineStyle: { color: colour('--line') } },
    },
    series: [
      bars(
        'Succeeded',
        points.map((point) => point.transactions - point.reverted),
        colour('--accent'),
      ),
      bars(
        'Reverted',
        points.map((point) => point.reverted),
        colour('--bad'),
      ),
    ],
  };
}

function bars(name: string, data: readonly number[], color: string) {
  return { name, type: 'bar' as const, stack: 'transactions', data: [...data], barMaxWidth: 34, itemStyle: { color } };
}

/** The start of a bucket as people say it: a time of day, or a day. */
function bucketLabel(startMs: number, unit: SeriesUnit): string {
  const at = new Date(startMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (unit === 'days') return `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}
