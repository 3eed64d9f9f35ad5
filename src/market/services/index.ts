/** Services that edge nodes run, and the synthetic machine that feeds them where there is no sensor. */
export * from './iso-10816.ts';
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
export { createVibrationSource, type VibrationSource, type VibrationSourceOptions } from './vibration-source.ts';
export {
  type AxisReport,
  analyseVibration,
  type VibrationParameters,
  type VibrationReport,
  vibrationSpectrum,
} from './vibration-spectrum.ts';
