import type { WeightsDigest } from '../../learning/index.ts';

/** What a scenario of learning came to; `treadle sim --json` prints it. */
export interface LearningReport {
  readonly scenario: string;
  readonly seed: number;
  readonly traceHash: string;
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  readonly accuracy: number;
  readonly rounds: readonly {
    readonly round: number;
    readonly accuracy: number;
    readonly loss: number;
    readonly accepted: readonly string[];
    readonly rejected: readonly { readonly client: string; readonly reason: string }[];
    readonly absent: readonly { readonly client: string; readonly reason: string }[];
    /** Of the global model, as it is anchored. */
    readonly digest: WeightsDigest;
  }[];
  /** How often each client's update was rejected. */
  readonly rejectedClients: Readonly<Record<string, number>>;
  /** The digest of the global model after each round. */
  readonly digests: readonly WeightsDigest[];
  /** `memory`: records are kept where all nodes of the run read them; no ledger takes part. */
  readonly anchoring: 'memory';
  /** Models that clients applied, and how many of them were not the anchored one: must be 0. */
  readonly models: { readonly applied: number; readonly differing: number };
  readonly liars: { readonly names: readonly string[]; readonly updates: number; readonly taken: number };
  readonly coordinatorRestarts: number;
  readonly ioBytes: number;
  /** Why the run does not count as good. */
  readonly failures: readonly string[];
}

/** What a report means, key by key, for its reference page. */
export const LEARNING_REPORT_KEYS: readonly (readonly [key: string, meaning: string])[] = [
  ['scenario, seed', 'What was run.'],
  ['traceHash', 'Hash of everything that happened: the same for the same scenario and seed.'],
  ['virtualSeconds, wallSeconds', 'How long it took in the world, and on this machine.'],
  ['accuracy', 'After the last round, on test windows that judged nobody.'],
  ['rounds', 'Of each round: accuracy, loss, who was accepted, who was rejected or absent and why, digest of the global model.'],
  [
    'rejectedClients',
    'How often each client’s update was rejected. Pedal rejects two thirds of all updates, those of honest clients too.',
  ],
  ['digests', 'The digest of the global model after each round.'],
  [
    'anchoring',
    '`memory`: the records of rounds are kept where all nodes of the run read them. No ledger takes part in this scenario.',
  ],
  ['models', 'Global models that clients applied, and how many of them were not the anchored one (must be 0).'],
  ['liars', 'Who lied, how many updates they gave, and how many of these were taken into the model.'],
  ['coordinatorRestarts', 'How often the coordinator was killed and went on from its disk.'],
  ['ioBytes', 'What nodes sent one another.'],
  ['failures', 'Why the run does not count as good; empty when it does.'],
];
