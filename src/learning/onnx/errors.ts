import { defineErrors } from '../../errors.ts';

/** What can go wrong with models in files. */
export const ONNX_ERRORS = defineErrors({
  ONNX_FILE_INVALID: {
    summary: 'The file is no ONNX model, or it is damaged',
    action: 'Get the file again, and compare its digest with the one that was published',
  },
  ONNX_UNSUPPORTED: {
    summary: 'The model needs something that is not run here',
    action: 'Export it with the operators of docs/reference/onnx.md, or run it with another runtime',
  },
  ONNX_TOO_LARGE: {
    summary: 'The model is larger than what is run here',
    action: 'Export a smaller model, or run it with another runtime',
  },
  ONNX_GRAPH_INVALID: {
    summary: 'The parts of the model do not fit together',
    action: 'Check the model with the tool that made it',
  },
});
