import type { CpuCost } from '../../environment/index.ts';

/** What a task brings to a service. */
export interface ServiceInput {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  /** Options of the service, from the task's JSON; each service checks its own. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/**
 * A function that edge nodes offer: bytes in, bytes out, nothing kept in between. The same input gives the same
 * output on every node, so a repeated task may run again and two nodes can be compared.
 */
export interface Service {
  /** Its name on the chain and on the wire, dotted: `vibration.spectrum`. */
  readonly name: string;
  readonly inputMediaTypes: readonly string[];
  readonly outputMediaType: string;
  readonly inputBytesMax: number;
  readonly outputBytesMax: number;
  /** What running it will cost; must not fail on bad input. */
  cost(input: ServiceInput): CpuCost;
  /** @throws TreadleError SERVICE_INPUT_INVALID when the input cannot be read */
  run(input: ServiceInput): Uint8Array | Promise<Uint8Array>;
}
