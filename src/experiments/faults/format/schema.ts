import { SCENARIO_FAULTS_MAX, SEALERS_MAX } from '../../../limits.ts';
import { QUANTITIES, type QuantityName, quantityPattern } from '../../scenario/quantity.ts';
import type { Schema } from '../../scenario/schema.ts';
import {
  BYZANTINE_KINDS,
  DISK_FATES,
  FAULT_KINDS,
  MEMBER_CHANGES,
  PARTITION_SHAPES,
  TARGETS,
  WRONG_SETTINGS,
} from './fault-scenario.ts';

const section = (
  description: string,
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema => ({
  description,
  type: 'object',
  additionalProperties: false,
  ...(required.length === 0 && { default: {} }),
  ...(required.length > 0 && { required }),
  properties,
});
const value = (type: string, description: string, preset?: string): Schema => ({
  $ref: `#/$defs/${type}`,
  description,
  ...(preset !== undefined && { default: preset }),
});
const choices = (description: string, items: readonly string[], preset: readonly string[]): Schema => ({
  description,
  type: 'array',
  minItems: 1,
  default: preset,
  items: { enum: items },
});
const flag = (description: string, preset: boolean): Schema => ({ description, type: 'boolean', default: preset });

/** Kinds of quantity that a range may be given of. */
const RANGED = ['duration', 'share', 'bandwidth', 'size'] as const;

const quantityDefinitions = Object.fromEntries(
  RANGED.map((name): [string, Schema] => [
    name,
    { description: QUANTITIES[name].description, type: 'string', pattern: quantityPattern(name) },
  ]),
);

function rangePattern(name: QuantityName): string {
  const one = quantityPattern(name).slice(1, -1);
  return `^${one}( ?\\.\\. ?${one})?$`;
}

const rangeDefinitions = Object.fromEntries(
  RANGED.map((name): [string, Schema] => [
    `${name}s`,
    {
      description: `${QUANTITIES[name].description}, or two of them with ".." between: drawn from the seed`,
      type: 'string',
      pattern: rangePattern(name),
    },
  ]),
);

const COUNT = '(0|[1-9][0-9]*|[fn]([+-][1-9][0-9]*)?)';

/**
 * The published schema of fault scenarios: keys, their meaning, bounds and defaults. The reader fills in the defaults
 * from here and the reference page is written from it.
 */
export const faultScenarioSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Treadle fault scenario',
  description: 'A consortium under faults that are drawn from the seed, run in virtual time by `treadle sim` and `treadle fuzz`.',
  type: 'object',
  additionalProperties: false,
  required: ['faultScenario'],
  properties: {
    $schema: { description: 'Where an editor finds this schema; not read.', type: 'string' },
    faultScenario: {
      description: 'Name of the scenario, as it stands in reports. This key tells a fault scenario from an ordinary one.',
      type: 'string',
      pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
    },
    description: { description: 'What the scenario shows.', type: 'string', default: '', maxLength: 4000 },
    nodes: {
      description: 'Numbers of sealers that it is meant for; the first one is used when the command names none.',
      type: 'array',
      minItems: 1,
      maxItems: 16,
      default: [4],
      items: { type: 'integer', minimum: 4, maximum: SEALERS_MAX },
    },
    chain: section('The chain.', {
      blockInterval: value('duration', 'Least time between two blocks when transactions are waiting.', '500 ms'),
      heartbeat: value('duration', 'Time after which an empty block is proposed when nothing is waiting.', '4 s'),
      baseTimeout: value('duration', 'Time a proposer has in round 0.', '1 s'),
    }),
    network: section('All links, without faults.', {
      latency: value('durations', 'Time a frame is under way; drawn anew for every frame.', '1 ms..5 ms'),
      bandwidth: value('bandwidth', 'What one node sends, and what it receives, at most.', '100 Mbit/s'),
      loss: value('share', 'Share of the frames that are lost and sent again.', '0 %'),
    }),
    machines: section('The machines of the nodes.', {
      cores: { description: 'Cores of a node.', type: 'integer', minimum: 1, maximum: 256, default: 4 },
      sync: value('duration', 'Time that a flush to the disk takes.', '1 ms'),
      ownState: flag(
        'Every node executes blocks itself and keeps the state on its own disk; otherwise the nodes of the process share both.',
        false,
      ),
      snapshotBehind: {
        description: 'Blocks behind from which a node fetches a snapshot of the state; its own default when left out.',
        type: 'integer',
        minimum: 1,
        maximum: 1_000_000,
      },
      memory: value('size', 'What a node keeps in memory for others; its own default when left out.'),
      storage: value(
        'size',
        'What the disk of a node may take: beyond it old blocks are pruned. Everything is kept when left out.',
      ),
    }),
    load: section('The clients.', {
      rate: {
        description: 'Transactions per second, all clients together.',
        type: 'number',
        minimum: 0.01,
        maximum: 100_000,
        default: 5,
      },
      at: { description: 'Clients talk to all sealers, or to one honest one.', enum: ['all', 'one'], default: 'all' },
      records: value(
        'share',
        'Share of the transactions that write a record; what is neither record nor payload is a transfer.',
        '20 %',
      ),
      payloads: value('share', 'Share of the transactions that carry a payload.', '0 %'),
      payloadSize: value('sizes', 'Size of a payload.', '1 KiB..200 KiB'),
    }),
    warmUp: value('duration', 'Time without faults at the start; throughput under faults is measured against it.', '6 s'),
    safety: section('The phase in which everything may go wrong: nothing unsafe may happen, progress may stop.', {
      duration: value('durations', 'How long it lasts.', '25 s..35 s'),
      liars: value('counts', 'Sealers that lie, never more than f. They go on in the liveness phase.', '0'),
      kinds: choices('How liars lie; each has one to three of these.', BYZANTINE_KINDS, BYZANTINE_KINDS),
      faults: {
        description: 'What goes wrong. Each entry strikes on a schedule of its own.',
        type: 'array',
        default: [],
        maxItems: SCENARIO_FAULTS_MAX,
        items: faultEntry(),
      },
    }),
    liveness: section('The phase after it: all faults end, every node that is down starts again.', {
      within: value('duration', 'Time in which everything acknowledged must be in a block and every node must have it.', '90 s'),
      blocks: { description: 'New blocks that must come.', type: 'integer', minimum: 1, maximum: 10_000, default: 6 },
      resume: value('duration', 'Time in which the first new block must come; not checked when left out.'),
    }),
    checks: section('What is asked for beyond safety and liveness.', {
      throughput: value(
        'share',
        'Transactions committed under faults, as a share of those offered meanwhile, overload not counted; not checked when left out.',
      ),
      blockRate: value(
        'share',
        'Blocks per second under faults, as a share of those before: what is left of the throughput of a chain at its limit; not checked when left out.',
      ),
      after: value('duration', 'Throughput and block rate are measured from this long after the start of the safety phase.'),
      gap: value('duration', 'Longest time without a block while faults run; not checked when left out.'),
      hangover: value(
        'duration',
        'Most time from the heal until all that was acknowledged before it is in blocks; not checked when left out.',
      ),
      evidence: value(
        'count',
        'Most blocks until an equivocation that honest sealers can see is proved on the chain, blocks of liars not counted; not checked when left out.',
      ),
      repaired: flag('In the end no stored value of a chain is spoilt any more.', false),
      inclusion: value('count', 'Most blocks that an acknowledged transaction waits; not checked when left out.'),
      nobodyHonestAccused: flag('No honest node is named in a fault report of another.', true),
    }),
  },
  $defs: {
    ...quantityDefinitions,
    ...rangeDefinitions,
    count: {
      description: 'a number of nodes: a number, f (how many may fail), n (all sealers), or f+1, n-1 and so on',
      type: 'string',
      pattern: `^${COUNT}$`,
    },
    counts: {
      description: 'a number of nodes such as "1", "f" or "n-1", or two of them with ".." between: drawn from the seed',
      type: 'string',
      pattern: `^${COUNT}( ?\\.\\. ?${COUNT})?$`,
    },
    factors: {
      description: 'a factor such as "0.1", or two of them with ".." between: drawn from the seed',
      type: 'string',
      pattern: '^[0-9]+(\\.[0-9]+)?( ?\\.\\. ?[0-9]+(\\.[0-9]+)?)?$',
    },
  },
};

function faultEntry(): Schema {
  return section(
    'One fault. Which keys matter depends on its kind.',
    {
      kind: { description: 'What happens.', enum: FAULT_KINDS },
      first: value('durations', 'From the start of the phase to the first strike.', '0 s..5 s'),
      every: value('durations', 'From one strike to the next; strikes once when left out.'),
      for: value('durations', 'How long a strike lasts.', '3 s..8 s'),
      nodes: value('counts', 'How many nodes a strike takes.', '1..f'),
      who: {
        description: 'Which: any honest sealers, the one whose turn it is, or the observer.',
        enum: TARGETS,
        default: 'any',
      },
      beyond: flag('It may take more than f sealers at a time; otherwise liars and all strikes together stay within f.', false),
      tornTail: value('share', 'Of `crash`: chance that the unsynced tail of the logs is torn instead of lost.', '30 %'),
      disks: choices(
        'Of `crash`: what becomes of the disk; drawn for each node. `restore` puts back a copy from the start of the phase.',
        DISK_FATES,
        ['keep'],
      ),
      shapes: choices('Of `partition`: who is cut off from whom.', PARTITION_SHAPES, PARTITION_SHAPES),
      swizzle: flag('Of `partition` and `cut`: links come back one by one, in a random order.', false),
      share: value('shares', 'Of faults of links: share of all directions between two nodes.', '10 %..30 %'),
      keepsCore: flag('Of faults of links: none among n - f honest sealers is touched.', false),
      latency: value('durations', 'Of `link`: time a frame is under way.'),
      jitter: value('durations', 'Of `link`: how far that time varies, up and down.'),
      loss: value('shares', 'Of `link`: share of frames that are lost (sent again or not, as the seed decides).'),
      bursts: flag('Of `link`: losses come in bursts.', false),
      duplicate: value('shares', 'Of `link`: share of frames that arrive twice.'),
      reorder: value('shares', 'Of `link`: share of frames that leave their order.'),
      bandwidth: value('bandwidths', 'Of `link` and `access`: what it carries.'),
      skew: value('durations', 'Of `clock`: how wrong it is, ahead or behind.'),
      drift: {
        description: 'Of `clock`: how fast it runs away, parts per million, ahead or behind.',
        type: 'integer',
        minimum: 0,
        maximum: 100_000,
      },
      jump: value('durations', 'Of `clock`: how far it jumps, ahead or back.'),
      factor: value('factors', 'Of `cpu`: the speed that is left. Of `overload`: times the load.', '0.05..0.5'),
      values: value('counts', 'Of `rot`: values spoilt at each node.', '1..8'),
      count: value('counts', 'Of `burst`: payloads at once.', '90'),
      size: value('sizes', 'Of `burst`: size of each payload.', '1 MB'),
      at: { description: 'Of `burst`: offered to all sealers, or to one.', enum: ['all', 'one'], default: 'all' },
      changes: choices('Of `membership`: what is voted on; drawn for each strike.', MEMBER_CHANGES, ['join', 'leave']),
      settings: choices('Of `misconfigure`: what is wrong; drawn for each strike.', WRONG_SETTINGS, WRONG_SETTINGS),
    },
    ['kind'],
  );
}
