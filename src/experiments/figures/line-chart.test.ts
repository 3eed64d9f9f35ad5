import { describe, expect, it } from 'vitest';
import { type Chart, renderLineChart } from './line-chart.ts';

const CHART: Chart = {
  title: 'Gas of n tasks & more',
  xName: 'tasks',
  yName: 'gas (thousands)',
  series: [
    {
      name: 'measured',
      points: [
        [1, 100],
        [2, 150],
        [5, 220],
      ],
      origin: 'measured',
      hue: 0,
    },
    {
      name: 'published',
      points: [
        [1, 120],
        [2, 180],
        [5, 400],
      ],
      origin: 'published',
      hue: 0,
    },
  ],
};
const crowded = (count: number): Chart => ({
  ...CHART,
  series: [
    { name: 'many', points: Array.from({ length: count }, (_, at) => [at + 1, at * at + 1] as const), origin: 'measured' },
  ],
});
const count = (svg: string, pattern: RegExp): number => svg.match(pattern)?.length ?? 0;

describe('a line chart', () => {
  it('is one SVG document with title, axes and names', () => {
    const svg = renderLineChart(CHART, { width: 400, height: 300 });
    expect(svg).toMatch(/^<svg width="400" height="300"[^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg.trimEnd()).toMatch(/<\/svg>$/);
    for (const text of ['Gas of n tasks &amp; more', 'tasks', 'gas (thousands)', 'measured', 'published'])
      expect(svg).toContain(text);
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  it('is the same text for the same chart, whatever was drawn before', () => {
    const first = renderLineChart(CHART);
    renderLineChart(crowded(50));
    expect(renderLineChart(CHART)).toBe(first);
    expect(first).not.toMatch(/zr\d/);
    expect(renderLineChart({ ...CHART, title: 'another' })).not.toBe(first);
    expect(renderLineChart({ ...CHART, logarithmicX: true, logarithmicY: true })).not.toBe(first);
  });

  it('dashes what others printed, in the hue of what it is compared with', () => {
    const svg = renderLineChart(CHART);
    expect(count(svg, /stroke-dasharray/g)).toBeGreaterThan(0);
    expect(count(renderLineChart({ ...CHART, series: [CHART.series[0] as never] }), /stroke-dasharray/g)).toBe(0);
    expect(svg).toContain('#0072B2');
    expect(svg).not.toContain('#D55E00');
    expect(renderLineChart({ ...CHART, series: CHART.series.map(({ hue: _hue, ...series }) => series) })).toContain('#D55E00');
  });

  it('marks only the round numbers of a crowded line', () => {
    const symbols = (points: number): number => count(renderLineChart(crowded(points)), /ecmeta_ssr_type="chart"/g);
    expect(symbols(20)).toBe(20);
    // 1, 2, 5, 10, 20 and 50.
    expect(symbols(50)).toBe(6);
  });

  it('draws a bar with two ends at every place that has one', () => {
    const [series] = CHART.series as [Chart['series'][number]];
    const errorBars = [
      [1, 90, 120],
      [5, 200, 260],
    ] as const;
    const strokes = (svg: string): number => count(svg, /stroke-width="1\.5"/g);
    const bare = renderLineChart({ ...CHART, series: [series] });
    expect(strokes(renderLineChart({ ...CHART, series: [{ ...series, errorBars }] })) - strokes(bare)).toBe(6);
  });
});
