import type { Address, Hex } from '../../crypto/index.ts';
import type { ConsensusEngine } from '../engine.ts';
import type { BaselineMessage, SignedBaseline } from './message.ts';

/** What a baseline engine is told. Signatures of messages are checked before they come here, those of nested ones inside. */
export type BaselineEvent =
  | { readonly type: 'start'; readonly height: number; readonly sealers: readonly Address[] }
  | { readonly type: 'message'; readonly message: SignedBaseline; readonly via: Address }
  /** Own message as it was signed and sent by a 'send' effect: it counts as a vote from here on. */
  | { readonly type: 'sent'; readonly message: SignedBaseline }
  /** Answer to 'build'. */
  | {
      readonly type: 'built';
      readonly height: number;
      readonly round: number;
      readonly digest: Hex;
      readonly proposal: Uint8Array;
    }
  | { readonly type: 'timeout'; readonly height: number; readonly round: number }
  /** Something waits to be agreed on. */
  | { readonly type: 'work'; readonly height: number }
  /** Answer to 'mine': this node found a proof of work on that parent. */
  | { readonly type: 'mined'; readonly height: number; readonly parent: Hex };

export type BaselineEffect =
  /** Sign, send to these (self left out), then answer 'sent'. */
  | { readonly type: 'send'; readonly to: readonly Address[]; readonly message: BaselineMessage }
  /** Put together what waits, bodies included, as soon as something does; then answer 'built'. */
  | {
      readonly type: 'build';
      readonly height: number;
      readonly round: number;
      readonly parent?: Hex;
      /** At once when nothing waits: others do. */
      readonly evenEmpty?: boolean;
    }
  | { readonly type: 'timer'; readonly height: number; readonly round: number; readonly delayMicros: number }
  /** Try to find a proof of work, which takes exponentially distributed time of this mean; replaces the attempt under way. */
  | { readonly type: 'mine'; readonly height: number; readonly parent: Hex; readonly meanMicros: number }
  /** Final here (of proof of work: as deep as was asked for). In height order. */
  | {
      readonly type: 'commit';
      readonly height: number;
      readonly round: number;
      readonly digest: Hex;
      readonly proposal: Uint8Array;
      readonly proposer: Address;
    }
  /** Agreed on by others and kept here as well; comes before the 'commit' of its height. */
  | { readonly type: 'hold'; readonly height: number; readonly proposal: Uint8Array }
  | { readonly type: 'round'; readonly height: number; readonly round: number; readonly reason: string }
  | { readonly type: 'fault'; readonly peer: Address; readonly reason: string };

/** An engine that Treadle's is compared with. */
export type BaselineEngine = ConsensusEngine<BaselineEvent, BaselineEffect>;

export interface BaselineOptions {
  readonly domain: Uint8Array;
  readonly self: Address;
  /** Time of the first round; doubled with every further one, as PBFT has it. */
  readonly baseTimeoutMicros: number;
}
