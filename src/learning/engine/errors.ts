import { defineErrors } from '../../errors.ts';

/** What can go wrong when networks are described, trained and asked. */
export const ENGINE_ERRORS = defineErrors({
  LEARNING_KERNELS_INVALID: {
    summary: 'The compiled kernels cannot be used',
    action: 'Build them with npm run build:kernels, or use an engine without them: it is slower and gives the same results',
  },
  LEARNING_FAST_MATH_UNSUPPORTED: {
    summary: 'This runtime has no relaxed SIMD',
    action: 'Leave fast math out: the results are then the same on every machine',
  },
  LEARNING_NETWORK_INVALID: {
    summary: 'The description of the network does not fit together',
    action: 'Correct the layer that the message names',
  },
  LEARNING_BATCH_INVALID: {
    summary: 'The samples, labels or weights do not have the size that the network takes',
    action: 'Compare the shape of the data with the input and output of the network',
  },
});
