import type { RandomStream } from '../../../environment/index.ts';
import type { TrainingSamples } from '../../engine/index.ts';
import type { Plugin, PluginSettings } from '../plugin.ts';
import type { Trained } from '../training/training-order.ts';

/** What a malicious client knows and draws from in one round. */
export interface AttackContext {
  readonly round: number;
  readonly client: string;
  /** The global model of before. */
  readonly global: Float32Array;
  /** Drawn from seed, round and client. */
  readonly random: RandomStream;
  /** Drawn from seed and round: the same for all who conspire. */
  readonly conspiracy: RandomStream;
  /** Clients of this round, and how many of them are malicious. */
  readonly clients: number;
  readonly malicious: number;
}

/** Samples of one client, to be spoilt before it trains. */
export interface ClientSamples {
  readonly samples: TrainingSamples;
  readonly rows: Uint32Array;
  readonly classes: number;
  /** Channels, rows, columns of a sample. */
  readonly shape: { readonly channels: number; readonly height: number; readonly width: number };
}

/**
 * What a malicious client does differently. Each part is a plain function; those that are absent happen as with an honest client.
 */
export interface Attack {
  /** Trains on other samples than its own. */
  readonly poison?: (data: ClientSamples, context: AttackContext) => TrainingSamples;
  /** The client does not train: it sends this. */
  readonly instead?: (context: AttackContext) => Float32Array;
  /** Changes what it trained. */
  readonly change?: (trained: Float32Array, context: AttackContext) => Float32Array;
  /** All malicious clients of a round agree on one vector, knowing what each of them trained. */
  readonly conspire?: (trained: readonly Float32Array[], context: AttackContext) => Float32Array;
  /** Changes what it says about its training. */
  readonly claim?: (
    trained: Trained & { readonly claimedLoss: number },
    context: AttackContext,
  ) => { readonly samples: number; readonly claimedLoss: number };
  /** Somebody on the line changes the client's weights after it announced their digest. */
  readonly upload?: (bytes: Uint8Array, context: AttackContext) => Uint8Array;
  /** Somebody on the line changes the global model on its way to the client. */
  readonly download?: (bytes: Uint8Array, context: AttackContext) => Uint8Array;
  /** Marks samples so that a spoilt model takes them for `target`: how well that works is measured. */
  readonly trigger?: (data: ClientSamples) => { readonly inputs: Float32Array; readonly target: number };
}

export interface AttackPlugin extends Plugin {
  readonly make: (settings: PluginSettings) => Attack;
}
