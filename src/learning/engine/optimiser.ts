/** How weights follow their gradients. */
export type OptimiserDescription = {
  readonly learningRate: number;
  /** Adds this times the weights to the gradients. */
  readonly weightDecay?: number;
  /** FedProx: adds this times the distance from the anchor (the weights at `setAnchor`) to the gradients. */
  readonly proximal?: number;
} & (
  | { readonly type: 'sgd'; readonly momentum?: number }
  | { readonly type: 'adam'; readonly beta1?: number; readonly beta2?: number; readonly epsilon?: number }
);

/** What is made smaller. */
export type LossDescription =
  | { readonly type: 'crossEntropy' }
  | { readonly type: 'meanSquaredError' }
  | { readonly type: 'huber'; readonly delta: number };
