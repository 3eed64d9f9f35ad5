import { sha256, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';

/**
 * A trained model as services use it. Its answers must be the same bits on every machine: a result is checked by running
 * the same model on the same input again.
 */
export interface PredictionModel {
  /** Shape of one sample: channels first, then rows and columns, or samples of a signal. */
  readonly inputShape: readonly number[];
  /** Name of each class; as many as there are answers. */
  readonly classNames: readonly string[];
  /** Samples a second that the model was trained on, for signals. */
  readonly sampleRateHz?: number;
  /** Shares of one for each class, for samples one after the other as they were measured. */
  classify(samples: Float32Array): Float64Array;
}

/** Where the bytes of models are. */
export interface ModelSource {
  /** The file with this SHA-256 hash (`0x` and 64 hex digits); undefined when it is not here. */
  model(digest: string): Promise<Uint8Array | undefined>;
}

/** Reads the bytes of a model. @throws TreadleError with the reason why it cannot be run */
export type OpenModel = (bytes: Uint8Array) => PredictionModel;

/** The name of a model: the SHA-256 hash of its file, `0x` and 64 hex digits. */
export function modelDigest(bytes: Uint8Array): string {
  return toHex(sha256(bytes));
}

/** Which model a service runs, where its bytes come from, and who can read them. */
export interface ModelUse {
  readonly digest: string;
  readonly source: ModelSource;
  readonly open: OpenModel;
}

/**
 * Fetches a model when it is first needed and checks it against its digest: what a source hands out is not trusted.
 *
 * @returns a function that gives the model, or throws TreadleError SERVICE_MODEL_MISSING | SERVICE_MODEL_DIFFERS, or what
 *   `open` throws; after a failure the next call tries again
 */
export function modelLoader({ digest, source, open }: ModelUse): () => Promise<PredictionModel> {
  let loading: Promise<PredictionModel> | undefined;
  const load = async (): Promise<PredictionModel> => {
    const bytes = await source.model(digest);
    if (bytes === undefined)
      throw new TreadleError('SERVICE_MODEL_MISSING', { detail: `The model ${digest} is not here`, data: { digest } });
    const found = modelDigest(bytes);
    if (found !== digest) {
      throw new TreadleError('SERVICE_MODEL_DIFFERS', {
        detail: `The file given as the model ${digest} is ${found}`,
        data: { digest, found },
      });
    }
    return open(bytes);
  };
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

/** One class of an answer. */
export interface ClassShare {
  readonly name: string;
  /** Share of one. */
  readonly share: number;
}

/** Classes with the largest shares first; of equal shares the one that the model names first. */
export function largestShares(classNames: readonly string[], shares: ArrayLike<number>, count: number): ClassShare[] {
  const order = classNames.map((_, at) => at).sort((a, b) => (shares[b] as number) - (shares[a] as number) || a - b);
  return order.slice(0, count).map((at) => ({ name: classNames[at] as string, share: shares[at] as number }));
}
