import { TreadleError } from '../errors.ts';
import { createEngine, type KernelBytes, loadOnnx } from '../learning/index.ts';
import { imageClassify, type ModelUse, modelDigest, type OpenModel, type Service, vibrationDiagnose } from '../market/index.ts';

const SERVICES: Readonly<Record<string, (use: ModelUse) => Service>> = {
  'image.classify': imageClassify,
  'vibration.diagnose': vibrationDiagnose,
};

/**
 * Opens ONNX models for services. Without compiled kernels the answers are the same and take longer.
 */
export function openOnnx(kernels?: KernelBytes): OpenModel {
  // Never fast math: others check an answer by running the model again.
  const engine = createEngine(kernels === undefined ? {} : { kernels });
  return (bytes) => {
    const model = loadOnnx(engine, bytes);
    const { sampleRateHz } = model.notes;
    return {
      inputShape: model.inputShape,
      classNames: model.classNames,
      ...(sampleRateHz !== undefined && { sampleRateHz }),
      classify: (samples) => model.classify(model.standardise(samples)),
    };
  };
}

/**
 * The services that run the models of a node, by the name of the service.
 *
 * @throws TreadleError NODE_MISCONFIGURED for a service that runs no model
 */
export function modelServices(models: ReadonlyMap<string, Uint8Array>, kernels?: KernelBytes): Service[] {
  const open = openOnnx(kernels);
  return [...models].map(([name, bytes]) => {
    const service = Object.hasOwn(SERVICES, name) ? SERVICES[name] : undefined;
    if (service === undefined) {
      const known = Object.keys(SERVICES).join(', ');
      throw new TreadleError('NODE_MISCONFIGURED', { detail: `"edge.models" names "${name}"; models are run by ${known}` });
    }
    const digest = modelDigest(bytes);
    return service({ digest, open, source: { model: async (wanted) => (wanted === digest ? bytes : undefined) } });
  });
}
