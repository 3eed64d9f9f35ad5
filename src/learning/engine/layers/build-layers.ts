import { TreadleError } from '../../../errors.ts';
import { type LayerDescription, type NetworkDescription, type Shape, sizeOf } from '../network-description.ts';
import { convolutionLayer } from './convolution.ts';
import { denseLayer } from './dense.ts';
import type { Layer } from './layer.ts';
import { batchNormLayer, flattenLayer, maxPoolLayer, reluLayer } from './simple-layers.ts';

/**
 * The layers of a description. A rectifier beside a pooling layer is done together with it.
 *
 * @throws TreadleError LEARNING_NETWORK_INVALID when a layer does not fit what comes before it
 */
export function buildLayers(description: NetworkDescription): readonly Layer[] {
  const layers: Layer[] = [];
  let shape: Shape = description.input;
  for (let at = 0; at < description.layers.length; at++) {
    const each = description.layers[at] as LayerDescription;
    const pair = `${each.type} ${description.layers[at + 1]?.type}`;
    const together = pair === 'relu maxPool' || pair === 'maxPool relu';
    const layer = together ? maxPoolLayer(shape, true) : build(each, shape, () => `layer ${at + 1} (${each.type})`);
    if (together) at++;
    if (!(sizeOf(layer.output) > 0 && layer.output.height > 0)) {
      invalid(`Nothing is left after layer ${at + 1} of ${description.name} (${each.type})`);
    }
    layers.push(layer);
    shape = layer.output;
  }
  if (layers.length === 0) invalid(`The network ${description.name} has no layers`);
  if (shape.height * shape.width !== 1) invalid(`The last layer of ${description.name} does not give one number a unit`);
  return layers;
}

function build(layer: LayerDescription, shape: Shape, name: () => string): Layer {
  switch (layer.type) {
    case 'convolution': {
      const { channels, kernel, padding = 0 } = layer;
      if (!(isCount(channels) && isCount(kernel) && Number.isInteger(padding) && padding >= 0 && padding < kernel)) {
        invalid(`Channels and kernel of ${name()} must be whole and positive, and its padding smaller than the kernel`);
      }
      return convolutionLayer(shape, { channels, kernel, padding });
    }
    case 'dense':
      if (!isCount(layer.units)) invalid(`Units of ${name()} must be whole and positive`);
      if (shape.height * shape.width !== 1) invalid(`A flatten layer is missing before ${name()}`);
      return denseLayer(shape, layer.units);
    case 'batchNorm':
      return batchNormLayer(shape);
    case 'relu':
      return reluLayer(shape);
    case 'maxPool':
      return maxPoolLayer(shape, false);
    case 'flatten':
      return flattenLayer(shape);
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}

function invalid(detail: string): never {
  throw new TreadleError('LEARNING_NETWORK_INVALID', { detail });
}
