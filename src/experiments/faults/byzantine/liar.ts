import type { NodeKey } from '../../../crypto/index.ts';
import type { Environment, NodeId } from '../../../environment/index.ts';
import type { HeaderRecord } from '../../../ledger/index.ts';
import type { Dice } from '../dice.ts';
import type { ByzantineKind } from '../format/fault-scenario.ts';
import { type MessageHooks, withHooks } from '../messages.ts';
import { floods, forges, garbage, hugeRounds, replays } from './noise.ts';
import { emptyBlocks, equivocates, forgedRoots, slowLeader } from './proposals.ts';
import { censors, lateBodies, lyingServer, silent, withholds } from './withholding.ts';

/** What a liar knows and holds: everything its node does, and the key. */
export interface Liar {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly domain: Uint8Array;
  readonly dice: Dice;
  /** The other nodes of the consortium. */
  readonly others: readonly NodeId[];
  readonly chainId: number;
  readonly baseTimeoutMicros: number;
  /** It lies only while this is true: the consortium is brought up by honest nodes. */
  readonly active: () => boolean;
  /** The head of the liar's own ledger. */
  readonly head: () => HeaderRecord | undefined;
}

type Way = (liar: Liar) => MessageHooks;

const WAYS: Readonly<Record<Exclude<ByzantineKind, 'twins'>, Way>> = {
  equivocate: equivocates,
  withhold: withholds,
  'late-bodies': lateBodies,
  garbage,
  rounds: hugeRounds,
  replay: replays,
  forge: forges,
  flood: floods,
  silent,
  censor: censors,
  'slow-leader': slowLeader,
  'empty-blocks': emptyBlocks,
  'forged-roots': forgedRoots,
  'lying-server': lyingServer,
};

/** The environment of a node that lies in these ways; whatever it does not change goes out as an honest node sends it. */
export function lyingEnvironment(liar: Liar, kinds: readonly ByzantineKind[]): Environment {
  return kinds.reduce((environment, kind) => {
    if (kind === 'twins') return environment;
    return withHooks(environment, WAYS[kind]({ ...liar, environment, dice: liar.dice.of(kind) }));
  }, liar.environment);
}
