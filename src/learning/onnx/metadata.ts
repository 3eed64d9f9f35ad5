import type { ModelProto } from './model-proto.ts';

/** Mean and deviation by which each channel is standardised before it goes into the network. */
export interface InputScaling {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** `bearing-orders`: a window of vibration as `bearingOrders` makes it. */
export const MODEL_PREPARATIONS = ['bearing-orders'] as const;
export type ModelPreparation = (typeof MODEL_PREPARATIONS)[number];

/** What a model says of itself beside its graph. */
export interface ModelNotes {
  /** The class of each output. */
  readonly classNames?: readonly string[];
  readonly scaling?: InputScaling;
  /** Samples a second that the model was trained on, for signals. */
  readonly sampleRateHz?: number;
  /** What is made of a measured window before it is scaled; absent: nothing. */
  readonly preparation?: ModelPreparation;
  /** Digest of the trained weights, as the rounds of a training name them. */
  readonly weightsDigest?: string;
}

const PREFIX = 'treadle.';
const CLASSES_MAX = 10_000;

/** The notes as the file holds them: JSON under names that begin with `treadle.`. */
export function notesToMetadata(notes: ModelNotes): { readonly key: string; readonly value: string }[] {
  return Object.entries(notes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key: `${PREFIX}${key}`, value: JSON.stringify(value) }));
}

/** Reads the notes; those that are absent or not of their form are left out: a model is of use without them. */
export function notesOf(model: ModelProto): ModelNotes {
  const found = new Map((model.metadataProps ?? []).map(({ key, value }) => [key, value]));
  const classNames = parsed(found, 'classNames');
  const scaling = parsed(found, 'scaling') as { mean?: unknown; deviation?: unknown } | null | undefined;
  const sampleRateHz = parsed(found, 'sampleRateHz');
  const weightsDigest = parsed(found, 'weightsDigest');
  const preparation = MODEL_PREPARATIONS.find((name) => name === parsed(found, 'preparation'));
  return {
    ...(isListOf(classNames, (each): each is string => typeof each === 'string') &&
      classNames.length <= CLASSES_MAX && { classNames }),
    ...(isListOf(scaling?.mean, isNumber) &&
      isListOf(scaling?.deviation, isPositive) &&
      scaling.mean.length === scaling.deviation.length && {
        scaling: { mean: scaling.mean, deviation: scaling.deviation },
      }),
    ...(isPositive(sampleRateHz) && { sampleRateHz }),
    ...(preparation !== undefined && { preparation }),
    ...(typeof weightsDigest === 'string' && { weightsDigest }),
  };
}

function parsed(found: ReadonlyMap<string, string>, name: string): unknown {
  try {
    return JSON.parse(found.get(`${PREFIX}${name}`) ?? 'null');
  } catch {
    return undefined;
  }
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isPositive = (value: unknown): value is number => isNumber(value) && value > 0;

function isListOf<T>(value: unknown, is: (each: unknown) => each is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}
