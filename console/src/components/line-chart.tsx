import { useEffect, useRef } from 'react';
import { useTheme } from '../theme.ts';

interface LineChartProps {
  /** What a screen reader says. */
  readonly label: string;
  readonly points: readonly { readonly timeMs: number; readonly value: number }[];
}

type ECharts = ReturnType<typeof import('./echarts.ts')['echarts']['init']>;

/** Values over time as steps: each holds until the next. The chart library is fetched when first shown. */
export function LineChart({ label, points }: LineChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>(undefined);
  const latest = useRef(points);
  const theme = useTheme();
  latest.current = points;

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    let gone = false;
    void import('./echarts.ts').then(({ echarts }) => {
      // The page may have moved on while the library was on its way.
      if (gone) return;
      chart.current = echarts.init(element, null, { renderer: 'svg' });
      chart.current.setOption(optionOf(latest.current, element));
    });
    const observer = new ResizeObserver(() => chart.current?.resize());
    observer.observe(element);
    return () => {
      gone = true;
      observer.disconnect();
      chart.current?.dispose();
      chart.current = undefined;
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme is read from the styles while drawing.
  useEffect(() => {
    if (box.current !== null) chart.current?.setOption(optionOf(points, box.current));
  }, [points, theme]);

  return <div ref={box} className="chart chart-line" role="img" aria-label={label} />;
}

function optionOf(points: LineChartProps['points'], themed: HTMLElement) {
  const style = getComputedStyle(themed);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axisText = { color: colour('--faint'), fontSize: 11 };
  return {
    animationDuration: 250,
    grid: { left: 8, right: 12, top: 14, bottom: 4, outerBoundsMode: 'same' as const },
    // Rich text keeps the tooltip inside the drawing: no inline style attributes, which the page's policy forbids.
    tooltip: {
      trigger: 'axis' as const,
      renderMode: 'richText' as const,
      backgroundColor: colour('--raised'),
      borderColor: colour('--line-strong'),
      borderWidth: 1,
      textStyle: { color: colour('--ink'), fontSize: 12 },
    },
    xAxis: {
      type: 'time' as const,
      axisLine: { lineStyle: { color: colour('--line-strong') } },
      axisTick: { show: false },
      axisLabel: { ...axisText, hideOverlap: true },
    },
    yAxis: {
      type: 'value' as const,
      scale: true,
      axisLabel: axisText,
      splitNumber: 3,
      splitLine: { lineStyle: { color: colour('--line') } },
    },
    series: [
      {
        type: 'line' as const,
        step: 'end' as const,
        symbolSize: 5,
        showSymbol: points.length <= 40,
        data: points.map(({ timeMs, value }) => [timeMs, value]),
        lineStyle: { color: colour('--accent'), width: 2 },
        itemStyle: { color: colour('--accent') },
      },
    ],
  };
}
