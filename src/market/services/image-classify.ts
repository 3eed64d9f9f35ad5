import { decodeImage, NETPBM_MEDIA_TYPE, RAW_IMAGE_MEDIA_TYPE } from './image.ts';
import { type ClassShare, largestShares, type ModelUse, modelLoader } from './prediction-model.ts';
import { badInput, JSON_MEDIA_TYPE } from './samples.ts';
import type { Service } from './service.ts';

const CLASSES_MAX = 100;

/** What `image.classify` answers. */
export interface ImageReport {
  /** Digest of the model that was run. */
  readonly model: string;
  /** Most likely first. */
  readonly classes: readonly ClassShare[];
}

/**
 * The service `image.classify`: an image in, an {@link ImageReport} as JSON out. The same model and image give the same bytes
 * on every node.
 */
export function imageClassify(use: ModelUse): Service {
  const model = modelLoader(use);
  return {
    name: 'image.classify',
    inputMediaTypes: [RAW_IMAGE_MEDIA_TYPE, NETPBM_MEDIA_TYPE],
    outputMediaType: JSON_MEDIA_TYPE,
    inputBytesMax: 1024 * 1024,
    outputBytesMax: 64 * 1024,
    cost: ({ bytes }) => ({ operation: 'service.image.classify', units: Math.max(1, Math.ceil(bytes.length / 1024)) }),
    async run({ bytes, mediaType, parameters }) {
      const count = classesWanted(parameters);
      const loaded = await model();
      const shares = loaded.classify(decodeImage(bytes, mediaType, loaded.inputShape));
      const report: ImageReport = { model: use.digest, classes: largestShares(loaded.classNames, shares, count) };
      return new TextEncoder().encode(JSON.stringify(report));
    },
  };
}

/** The parameter `classes`: how many are named in the answer. Default 5. @throws TreadleError SERVICE_INPUT_INVALID */
function classesWanted(given: Readonly<Record<string, unknown>>): number {
  const { classes = 5, ...unknown } = given;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) throw badInput(`unknown parameter ${JSON.stringify(stranger.slice(0, 40))}; known: classes`);
  if (typeof classes !== 'number' || !Number.isInteger(classes) || classes < 1 || classes > CLASSES_MAX) {
    throw badInput(`classes must be an integer from 1 to ${CLASSES_MAX}`);
  }
  return classes;
}
