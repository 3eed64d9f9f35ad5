import { CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

echarts.use([CustomChart, LineChart, ScatterChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Dashed lines are figures that others printed; solid ones were measured here. */
  readonly origin: 'measured' | 'published';
  /** Series of one hue belong together, e.g. one thing measured and published. Default: a hue of its own. */
  readonly hue?: number;
  /** A band around the line, in the order of its points: where the true value is to be expected. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[];
  /** A bar across the line at each of these places, from low to high. */
  readonly errorBars?: readonly (readonly [x: number, low: number, high: number])[];
}

export interface Chart {
  readonly title: string;
  /** With its unit. */
  readonly xName: string;
  readonly yName: string;
  readonly logarithmicX?: boolean;
  readonly logarithmicY?: boolean;
  readonly series: readonly Series[];
}

/** The colours of Okabe and Ito, which people with any colour vision tell apart; the symbols differ as well. */
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#F0E442'] as const;
const SYMBOLS = ['circle', 'triangle', 'rect', 'diamond', 'emptyCircle', 'emptyTriangle', 'emptyRect', 'emptyDiamond'] as const;
/** With more points than this symbols would run into a thick line: then only round numbers have one. */
const POINTS_WITH_SYMBOLS_MAX = 20;
/** Half the width of the strokes that end an error bar. */
const ERROR_BAR_END = 4;

/** Draws a line chart as an SVG document; the same chart gives the same text. */
export function renderLineChart(
  chart: Chart,
  size: { readonly width: number; readonly height: number } = { width: 860, height: 480 },
): string {
  const instance = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    instance.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      title: { text: chart.title, left: 'center', textStyle: { fontSize: 15 } },
      legend: { bottom: 6, itemWidth: 34 },
      grid: { left: 90, right: 40, top: 50, bottom: 110 },
      xAxis: {
        type: chart.logarithmicX ? 'log' : 'value',
        min: 'dataMin',
        max: 'dataMax',
        name: chart.xName,
        nameLocation: 'middle',
        nameGap: 28,
      },
      yAxis: { type: chart.logarithmicY ? 'log' : 'value', name: chart.yName, nameLocation: 'middle', nameGap: 66 },
      series: [...chart.series.flatMap(bandOption), ...chart.series.flatMap(barsOption), ...chart.series.map(seriesOption)],
    });
    // The renderer numbers its clip paths and classes by a counter of the process; numbered per document, the text is reproducible.
    return renumber(instance.renderToSVGString());
  } finally {
    instance.dispose();
  }
}

function seriesOption({ name, points, origin, hue }: Series, at: number): object {
  const colour = COLOURS[(hue ?? at) % COLOURS.length];
  const crowded = points.length > POINTS_WITH_SYMBOLS_MAX;
  return {
    type: 'line',
    name,
    data: points.map(([x, y]) => ({ value: [x, y], ...(crowded && !isRound(x) && { symbol: 'none' }) })),
    symbol: SYMBOLS[at % SYMBOLS.length],
    showAllSymbol: true,
    symbolSize: 8,
    itemStyle: { color: colour },
    lineStyle: { color: colour, type: origin === 'published' ? 'dashed' : 'solid', width: 2 },
  };
}

/** One polygon in the hue of its line; not in the legend, which names lines. */
function bandOption({ band = [], hue }: Series, at: number): readonly object[] {
  if (band.length < 2) return [];
  const outline = [...band.map(([x, , high]) => [x, high]), ...band.toReversed().map(([x, low]) => [x, low])];
  const renderItem = (_params: unknown, api: { readonly coord: (point: readonly number[]) => readonly number[] }): object => ({
    type: 'polygon',
    shape: { points: outline.map((point) => api.coord(point)) },
    style: { fill: COLOURS[(hue ?? at) % COLOURS.length], opacity: 0.18 },
  });
  return [{ type: 'custom', renderItem, data: [band.map(([x, low]) => [x, low])[0]], silent: true, z: 1 }];
}

/** Bars in the hue of their line, each with a short stroke at both ends. */
function barsOption({ errorBars = [], hue }: Series, at: number): readonly object[] {
  if (errorBars.length === 0) return [];
  type Api = { readonly value: (at: number) => number; readonly coord: (point: readonly number[]) => readonly [number, number] };
  const style = { stroke: COLOURS[(hue ?? at) % COLOURS.length], lineWidth: 1.5 };
  const line = (x1: number, y1: number, x2: number, y2: number): object => ({ type: 'line', shape: { x1, y1, x2, y2 }, style });
  const renderItem = (_params: unknown, api: Api): object => {
    const [x, bottom] = api.coord([api.value(0), api.value(1)]);
    const [, top] = api.coord([api.value(0), api.value(2)]);
    const ends = [bottom, top].map((y) => line(x - ERROR_BAR_END, y, x + ERROR_BAR_END, y));
    return { type: 'group', children: [line(x, bottom, x, top), ...ends] };
  };
  return [{ type: 'custom', renderItem, data: errorBars, encode: { x: 0, y: [1, 2] }, silent: true, z: 1 }];
}

/** 1, 2 or 5 times a power of ten. */
function isRound(x: number): boolean {
  return /^[125](e[+-]\d+)$/.test(x.toExponential());
}

function renumber(svg: string): string {
  const names = new Map<string, string>();
  return svg.replace(/zr\d+-[a-z]+-?\d*|zr\d+/g, (name) => {
    const known = names.get(name) ?? `z${names.size}`;
    names.set(name, known);
    return known;
  });
}
