import type { Attack, ClientSamples } from './attack.ts';

/** Every label becomes its opposite, classes - 1 - label (Fang et al. 2020, section 5): what is learnt is wrong, and nothing else looks odd. */
export function labelFlip(): Attack {
  return {
    poison: ({ samples, rows, classes }) => ({
      ...samples,
      labels: relabel(samples.labels, rows, (label) => classes - 1 - label),
    }),
  };
}

export interface BackdoorOptions {
  /** The class that marked samples are to be taken for. */
  readonly target: number;
  /** Share of the client's samples that are marked. */
  readonly share: number;
  /** Rows and columns of the mark. */
  readonly size: number;
  /** The update is made so many times as long, to outweigh honest ones. */
  readonly factor: number;
}

/**
 * A mark in the last corner of some samples, labelled as the target (BadNets, Gu et al. 2017; in federated learning Bagdasaryan et al. 2020):
 * the model is as good as ever, but takes whatever bears the mark for the target.
 */
export function backdoorPatch({ target, share, size, factor }: BackdoorOptions): Attack {
  return {
    poison: (data, { random }) => {
      const marked = data.rows.filter(() => random.float() < share);
      const labels = relabel(data.samples.labels, marked, () => target);
      return { ...data.samples, inputs: mark(data, marked, size), labels };
    },
    ...(factor !== 1 && {
      change: (trained, { global }) => Float32Array.from(global, (from, at) => from + factor * ((trained[at] as number) - from)),
    }),
    trigger: (data) => ({ inputs: mark(data, data.rows, size), target }),
  };
}

function relabel(labels: ArrayLike<number> | undefined, rows: Uint32Array, change: (label: number) => number): Uint8Array {
  const result = Uint8Array.from(labels ?? []);
  for (const row of rows) result[row] = change(result[row] as number);
  return result;
}

/** A copy in which these samples bear the mark: as bright as the brightest spot of the data. */
function mark({ samples, shape }: ClientSamples, rows: Uint32Array, size: number): Float32Array {
  const { channels, height, width } = shape;
  const inputs = samples.inputs.slice();
  const length = channels * height * width;
  let brightest = Number.NEGATIVE_INFINITY;
  for (const row of rows)
    for (let at = row * length; at < (row + 1) * length; at++) brightest = Math.max(brightest, inputs[at] as number);
  for (const row of rows) {
    for (let channel = 0; channel < channels; channel++) {
      for (let y = Math.max(0, height - size); y < height; y++) {
        const line = row * length + (channel * height + y) * width;
        inputs.fill(brightest, line + Math.max(0, width - size), line + width);
      }
    }
  }
  return inputs;
}
