import { schemaRows } from '../../scenario/scenario-reference.ts';
import type { BYZANTINE_KINDS, DISK_FATES, FAULT_KINDS, PARTITION_SHAPES } from './fault-scenario.ts';
import { faultScenarioSchema } from './schema.ts';

const FAULTS: Readonly<Record<(typeof FAULT_KINDS)[number], string>> = {
  crash:
    'Power cut, and a new start when the strike ends. What was not synced is lost, or a part of it torn; `disks` may do worse.',
  partition: 'The network splits into groups; `shapes` says how.',
  cut: 'Single directions between two nodes carry nothing.',
  link: 'Links are slow, lossy, narrow, disorderly: whatever of `latency`, `jitter`, `loss`, `duplicate`, `reorder`, `bandwidth` is given.',
  clog: 'Frames on single directions are held, and arrive when the strike ends.',
  access: 'Nodes have a thin line to everybody.',
  malformed: 'Bytes that cannot be read arrive on connections between running nodes.',
  pause: 'Nodes stand still, as under SIGSTOP or a long collection of garbage.',
  cpu: 'Processors are slow.',
  clock: 'Clocks are wrong by `skew`, run away by `drift`, jump by `jump`.',
  'full-disk': 'Disks take no more writes.',
  overload: 'Clients offer `factor` times the load.',
  membership: 'A company is voted in or out, or replaces the key that its node runs with; `changes` says which.',
  rot: 'Values that running nodes have stored are spoilt, others at each node.',
  burst: 'Clients offer `count` payloads of `size` at the same moment.',
  upgrade:
    'One node after the other, one with each strike, is restarted with the next wire version, and when all have it with the one before. All nodes start with the older one.',
  misconfigure: 'Nodes are restarted with something wrong in their files, and set right when the strike ends.',
  certificate: 'The certificate of the observer runs out; it is renewed when the strike ends.',
};

const LIARS: Readonly<Record<(typeof BYZANTINE_KINDS)[number], string>> = {
  twins: 'Two copies of the node under one key, each with some of the peers, and some peers with both.',
  equivocate: 'Shows one valid block to one half and another to the other half, votes and commits for both.',
  withhold: 'Proposes transactions and shows them to nobody.',
  'late-bodies': 'Shows what it proposes when the others give up waiting.',
  garbage: 'Sends meaningless bytes, up to the largest frame, as frames and requests.',
  rounds: 'Asks for rounds and heights that nobody will live to see, and for those long past.',
  replay: "Repeats old messages, its own and others'.",
  forge: 'Signs in the names of others, proves what was not prepared, announces heads that do not exist.',
  flood: 'Sends votes by the hundred, half of them with a signature that is none.',
  silent: 'Says nothing about blocks.',
  censor: 'Takes in no transaction of every other client.',
  'slow-leader': 'Waits with its proposal until the others nearly lose patience.',
  'empty-blocks': 'Proposes valid, empty blocks whatever is waiting.',
  'forged-roots': 'Proposes blocks whose header does not follow from their transactions.',
  'lying-server': 'Answers whoever catches up with something cut short, changed, made up or late.',
};

const SHAPES: Readonly<Record<(typeof PARTITION_SHAPES)[number], string>> = {
  halves: 'two halves',
  minority: 'at most f nodes and the rest',
  leader: 'the sealer whose turn it is and the rest',
  bridge: 'two halves and one node that reaches both',
  random: 'two or three groups',
};

const DISKS: Readonly<Record<(typeof DISK_FATES)[number], string>> = {
  keep: 'as a power cut leaves it',
  lose: 'empty',
  restore: 'a copy from the start of the safety phase',
  'damage-log': 'a record before the end of the vote log or of the pool log is spoilt',
  'damage-table': 'values in tables are spoilt',
  'damage-blobs': 'blobs are spoilt',
};

/** The text of `docs/reference/fault-scenario.md`: every key of the schema, and what each kind of fault and of liar does. */
export function faultScenarioReference(): string {
  const table = (head: string, words: Readonly<Record<string, string>>): string[] => [
    `| ${head} | What it does |`,
    '|---|---|',
    ...Object.entries(words).map(([name, text]) => `| \`${name}\` | ${text} |`),
    '',
  ];
  return `${[
    '# Fault scenario files',
    '',
    'Every key of a fault scenario, as `treadle sim` and `treadle fuzz` read it. This page is written from the schema',
    '([fault-scenario.schema.json](../../scenarios/faults/fault-scenario.schema.json)) by `scripts/write-scenario-reference.ts`; a test keeps both equal.',
    'How faults are tested is told in the [guide](../guides/fault-testing.md).',
    '',
    '## Keys',
    '',
    '| Key | Type | Default | Meaning |',
    '|---|---|---|---|',
    ...schemaRows(faultScenarioSchema),
    '',
    '## Values',
    '',
    'Quantities are those of [scenario files](scenario.md#quantities). `durations`, `shares`, `bandwidths`, `counts` and `factors` may be ranges,',
    'two values with `..` between, from which the seed draws: `2 s..6 s`, `0.1 %..10 %`, `1..f`. In counts `n` is the number of sealers and `f` the number',
    'that may fail, floor((n-1)/3); `f+1` and `n-1` are possible.',
    '',
    '## Faults',
    '',
    ...table('Fault', FAULTS),
    '## Liars',
    '',
    ...table('Kind', LIARS),
    '## Partitions',
    '',
    ...table('Shape', SHAPES),
    '## Disks',
    '',
    ...table('Fate', DISKS),
  ]
    .join('\n')
    .trimEnd()}\n`;
}
