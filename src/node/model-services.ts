import { TreadleError } from '../errors.ts';
import {
  BEARING_ORDERS_COUNT,
  BEARING_SAMPLE_RATE_HZ,
  BEARING_WINDOW_SAMPLES,
  bearingOrders,
  createEngine,
  type KernelBytes,
  loadOnnx,
  type OnnxModel,
} from '../learning/index.ts';
import {
  imageClassify,
  type ModelUse,
  modelDigest,
  type OpenModel,
  type PredictionModel,
  type Service,
  vibrationDiagnose,
} from '../market/index.ts';

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
    if (model.notes.preparation === 'bearing-orders') return onBearingOrders(model);
    const { sampleRateHz } = model.notes;
    return {
      inputShape: model.inputShape,
      classNames: model.classNames,
      ...(sampleRateHz !== undefined && { sampleRateHz }),
      classify: (samples) => model.classify(model.standardise(samples)),
    };
  };
}

/** A model of the orders of a window as one of the window itself. @throws TreadleError LEARNING_BATCH_INVALID when it takes another number of orders */
function onBearingOrders(model: OnnxModel): PredictionModel {
  if (model.inputSize !== BEARING_ORDERS_COUNT) {
    const detail = `The model takes ${model.inputSize} numbers, the orders of a bearing are ${BEARING_ORDERS_COUNT}`;
    throw new TreadleError('LEARNING_BATCH_INVALID', { detail });
  }
  const { sampleRateHz = BEARING_SAMPLE_RATE_HZ } = model.notes;
  return {
    inputShape: [1, BEARING_WINDOW_SAMPLES],
    classNames: model.classNames,
    sampleRateHz,
    classify: (samples) => {
      const windows = samples.length / BEARING_WINDOW_SAMPLES;
      const orders = new Float32Array(windows * BEARING_ORDERS_COUNT);
      for (let at = 0; at < windows; at++) {
        const window = samples.subarray(at * BEARING_WINDOW_SAMPLES, (at + 1) * BEARING_WINDOW_SAMPLES);
        orders.set(bearingOrders(window, sampleRateHz), at * BEARING_ORDERS_COUNT);
      }
      return model.classify(model.standardise(orders));
    },
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
