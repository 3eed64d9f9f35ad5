/** Services that edge nodes run, and the synthetic machine that feeds them where there is no sensor. */
export { NETPBM_MEDIA_TYPE, RAW_IMAGE_MEDIA_TYPE } from './image.ts';
export { type ImageReport, imageClassify } from './image-classify.ts';
export * from './iso-10816.ts';
export {
  type ClassShare,
  type ModelSource,
  type ModelUse,
  modelDigest,
  type OpenModel,
  type PredictionModel,
} from './prediction-model.ts';
export {
  type AccelerationUnit,
  decodeSamples,
  encodeSamples,
  JSON_MEDIA_TYPE,
  SAMPLES_MEDIA_TYPE,
  type SampleWindow,
} from './samples.ts';
export type { Service, ServiceInput } from './service.ts';
export { createServiceRegistry, type ServiceRegistry } from './service-registry.ts';
export { type DiagnosisReport, vibrationDiagnose } from './vibration-diagnose.ts';
export { createVibrationSource, type VibrationSource, type VibrationSourceOptions } from './vibration-source.ts';
export {
  type AxisReport,
  analyseVibration,
  type VibrationParameters,
  type VibrationReport,
  vibrationSpectrum,
} from './vibration-spectrum.ts';
