/** Data to learn from: formats, a catalogue, division among clients, and bearings that need no data at all. */

export { type Ai4iOptions, ai4iDataset } from './ai4i.ts';
export { type BearingDatasetOptions, bearingDataset } from './bearing-dataset.ts';
export {
  BEARING_ORDERS_COUNT,
  BEARING_SAMPLE_RATE_HZ,
  BEARING_WINDOW_SAMPLES,
  bearingOrders,
  withBearingOrders,
} from './bearing-orders.ts';
export {
  BEARING_6205,
  BEARING_STATES,
  type BearingGeometry,
  type BearingMachine,
  type BearingState,
  bearingVibration,
  type FaultOrders,
  faultOrders,
  type VibrationOptions,
} from './bearing-vibration.ts';
export type { DataFile } from './byte-source.ts';
export { CATALOGUE, type CatalogueEntry, catalogueEntry } from './catalogue.ts';
export { CIFAR10_CLASSES, cifarDataset, parseCifar } from './cifar.ts';
export { CMAPSS_COLUMNS, type CmapssFiles, type CmapssOptions, cmapssDataset } from './cmapss.ts';
export {
  classCounts,
  type Dataset,
  measureScaling,
  pick,
  type SampleSet,
  type Scaling,
  sampleLength,
  standardised,
  type Values,
} from './dataset.ts';
export { gunzip } from './gzip.ts';
export { type IdxArray, type IdxFiles, idxDataset, parseIdx } from './idx.ts';
export {
  type DatasetHost,
  type DatasetPlace,
  type FetchProgress,
  type FoundFiles,
  fetchDataset,
  findFiles,
  type LoadOptions,
  loadDataset,
} from './load-dataset.ts';
export {
  type DirichletOptions,
  type LabelSliceOptions,
  type Partition,
  partitionByDirichlet,
  partitionByLabelSlices,
  partitionByMachine,
  partitionByQuantity,
  partitionEvenly,
  partitionHistogram,
  type QuantityOptions,
  shuffled,
} from './partition.ts';
export type { RemoteFile } from './remote-files.ts';
export { seededStream } from './seeded-stream.ts';
