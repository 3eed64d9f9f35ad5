/**
 * EdgeToll's comparison: gas and time of n tasks through payment channels against one payment per task. An entry of its
 * own, because the chart library that draws its figure takes longer to load than a small simulation runs.
 */
export { type CompareOptions, type Comparison, type ComparisonPoint, type Crossovers, compareWithEdgeToll } from './compare.ts';
export { EDGETOLL_GAS_PER_CHANNEL, EDGETOLL_PUBLISHED, type PublishedPoint } from './published.ts';
export { type ReportFile, reportFiles } from './report-files.ts';
export type { Spread } from './statistics.ts';
export type { Way } from './way.ts';
