/** What one sample looks like between two layers. */
export interface Shape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A layer as it is described; what goes in follows from the layer before. */
export type LayerDescription =
  /** Convolution of stride 1 with a square kernel. */
  | { readonly type: 'convolution'; readonly channels: number; readonly kernel: number; readonly padding?: number }
  /** Batch normalisation over each channel. */
  | { readonly type: 'batchNorm' }
  | { readonly type: 'relu' }
  /** The largest of each 2 x 2. */
  | { readonly type: 'maxPool' }
  /** Channels, rows and columns become channels alone. */
  | { readonly type: 'flatten' }
  | { readonly type: 'dense'; readonly units: number };

/** A network: a name, what goes in, and its layers in order. */
export interface NetworkDescription {
  readonly name: string;
  readonly input: Shape;
  readonly layers: readonly LayerDescription[];
}

/** Numbers in one sample of this shape. */
export function sizeOf(shape: Shape): number {
  return shape.channels * shape.height * shape.width;
}
