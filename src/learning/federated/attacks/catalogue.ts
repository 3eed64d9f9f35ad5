import type { PluginParameter } from '../plugin.ts';
import type { AttackPlugin } from './attack.ts';
import { backdoorPatch, labelFlip } from './on-data.ts';
import {
  aLittleIsEnough,
  colluders,
  freeRider,
  randomWeights,
  scaledUpdate,
  signFlip,
  tamperDownload,
  tamperUpload,
} from './on-weights.ts';

const factor = (meaning: string, usual: number): PluginParameter => ({
  name: 'factor',
  meaning,
  default: usual,
  min: 0,
  max: 1e6,
});
const every: PluginParameter = {
  name: 'every',
  meaning: 'one byte in so many is changed',
  default: 4096,
  min: 1,
  max: 1e9,
  whole: true,
};

/** Every way to spoil a training. */
export const ATTACKS: readonly AttackPlugin[] = [
  {
    name: 'random-weights',
    summary: 'sends random numbers and claims a random loss',
    source: 'SewingChain, section V-C',
    origin: 'published',
    parameters: [{ name: 'deviation', meaning: 'standard deviation of the numbers', default: 1, min: 0, max: 1e6 }],
    make: ({ deviation = 1 }) => randomWeights({ deviation }),
  },
  {
    name: 'sign-flip',
    summary: 'sends its update with the opposite sign',
    source: 'Allen-Zhu et al. 2020',
    origin: 'published',
    parameters: [factor('how far it goes the wrong way', 1)],
    make: ({ factor: times = 1 }) => signFlip({ factor: times }),
  },
  {
    name: 'scaled-update',
    summary: 'sends its update made longer',
    source: 'Bagdasaryan et al. 2020, equation 3',
    origin: 'published',
    parameters: [factor('how much longer', 10)],
    make: ({ factor: times = 10 }) => scaledUpdate({ factor: times }),
  },
  {
    name: 'label-flip',
    summary: 'trains on opposite labels',
    source: 'Fang et al. 2020, section 5',
    origin: 'published',
    parameters: [],
    make: labelFlip,
  },
  {
    name: 'backdoor',
    summary: 'trains the model to take marked samples for one class',
    source: 'Gu et al. 2017; Bagdasaryan et al. 2020',
    origin: 'published',
    parameters: [
      { name: 'target', meaning: 'class that marked samples are taken for', default: 0, min: 0, max: 255, whole: true },
      { name: 'share', meaning: 'share of its samples that it marks', default: 0.5, min: 0, max: 1 },
      { name: 'size', meaning: 'rows and columns of the mark', default: 4, min: 1, max: 1000, whole: true },
      factor('how much longer its update is made', 1),
    ],
    make: ({ target = 0, share = 0.5, size = 4, factor: times = 1 }) => backdoorPatch({ target, share, size, factor: times }),
  },
  {
    name: 'a-little-is-enough',
    summary: 'all send the same small shift away from their mean',
    source: 'Baruch et al. 2019, algorithm 3',
    origin: 'published',
    parameters: [{ name: 'z', meaning: 'deviations of the shift (default: by the number of clients)', min: 0, max: 100 }],
    make: aLittleIsEnough,
  },
  {
    name: 'free-rider',
    summary: 'sends back the global model with a little noise',
    source: 'Fraboni et al. 2021',
    origin: 'published',
    parameters: [
      { name: 'deviation', meaning: 'standard deviation of the noise', default: 1e-3, min: 0, max: 1e6 },
      { name: 'samples', meaning: 'times as many samples as it has are claimed', default: 1, min: 1, max: 1000 },
    ],
    make: ({ deviation = 1e-3, samples = 1 }) => freeRider({ deviation, samples }),
  },
  {
    name: 'colluders',
    summary: 'all send the same random vector',
    source: 'the same vector from all, against rules that look for neighbours',
    origin: 'ours',
    parameters: [factor('length, in lengths of their honest updates', 3)],
    make: ({ factor: times = 3 }) => colluders({ factor: times }),
  },
  {
    name: 'tamper-upload',
    summary: 'weights are changed on their way to the coordinator',
    source: 'a digest that does not fit what arrives',
    origin: 'ours',
    parameters: [every],
    make: ({ every: one = 4096 }) => tamperUpload({ every: one }),
  },
  {
    name: 'tamper-download',
    summary: 'the global model is changed on its way to the client',
    source: 'a model that is not the anchored one',
    origin: 'ours',
    parameters: [every],
    make: ({ every: one = 4096 }) => tamperDownload({ every: one }),
  },
];
