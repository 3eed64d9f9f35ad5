import { SCENARIO_FAULTS_MAX, SCENARIO_NODES_MAX, SEALERS_MAX } from '../../limits.ts';
import { QUANTITIES, type QuantityName, quantityPattern } from './quantity.ts';

/** The part of JSON Schema that the scenario uses. */
export interface Schema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
}

const section = (description: string, properties: Readonly<Record<string, Schema>>): Schema => ({
  description,
  type: 'object',
  additionalProperties: false,
  default: {},
  properties,
});
const quantity = (name: QuantityName, description: string, value?: string): Schema => ({
  $ref: `#/$defs/${name}`,
  description,
  ...(value !== undefined && { default: value }),
});
const count = (
  description: string,
  value: number | undefined,
  bounds: { readonly minimum: number; readonly maximum: number },
): Schema => ({
  description,
  type: 'integer',
  ...bounds,
  ...(value !== undefined && { default: value }),
});
const nodes = (description: string): Schema => ({
  description,
  type: 'array',
  minItems: 1,
  maxItems: SCENARIO_NODES_MAX,
  items: { type: 'string', minLength: 1 },
});

const link = (defaults: {
  readonly latency: string;
  readonly jitter: string;
  readonly bandwidth: string;
  readonly loss: string;
}) => ({
  latency: quantity('duration', 'Time a frame is under way, one way.', defaults.latency),
  jitter: quantity('duration', 'Standard deviation of the latency.', defaults.jitter),
  bandwidth: quantity(
    'bandwidth',
    'What one node sends, and what it receives, at most; shared fairly by its connections.',
    defaults.bandwidth,
  ),
  loss: quantity('share', 'Share of the frames that are lost.', defaults.loss),
});

const job = (
  description: string,
  defaults: { readonly fee: string; readonly maxSpecBytes: number; readonly maxResultBytes: number },
): Schema =>
  section(description, {
    fee: quantity('amount', 'Least deposit of a request; what the nodes earn.', defaults.fee),
    groupSize: count('Nodes that observe.', 4, { minimum: 4, maximum: 127 }),
    unanimous: {
      description: 'Whether the whole group has to sign, and not floor(2s/3) + 1 of it.',
      type: 'boolean',
      default: false,
    },
    maxSpecBytes: count('Most bytes of a specification.', defaults.maxSpecBytes, { minimum: 0, maximum: 16_384 }),
    maxResultBytes: count('Most bytes of a result.', defaults.maxResultBytes, { minimum: 0, maximum: 8_192 }),
    forfeit: count('What is kept of a deposit that brought no result, in parts of ten thousand.', 1000, {
      minimum: 0,
      maximum: 2000,
    }),
  });

const quantityDefinitions = Object.fromEntries(
  Object.entries(QUANTITIES).map(([name, kind]): [string, Schema] => [
    name,
    {
      description: `${kind.description.charAt(0).toUpperCase()}${kind.description.slice(1)}. Units: ${Object.keys(kind.units).join(', ')}.`,
      type: 'string',
      pattern: quantityPattern(name as QuantityName),
    },
  ]),
);

/** Services an edge node of a scenario can offer. */
const SERVICE: Schema = { type: 'string', pattern: '^[a-z][a-z0-9.-]{0,31}$' };

/**
 * The published schema of scenario files. It is the one place where keys, their meaning, bounds and defaults stand:
 * the reader fills in the defaults from here and the reference page is written from it.
 */
export const scenarioSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Treadle scenario',
  description: 'A consortium, its machines and its network, run in virtual time by `treadle sim`.',
  type: 'object',
  additionalProperties: false,
  required: ['scenario', 'duration'],
  properties: {
    $schema: { description: 'Where an editor finds this schema; not read.', type: 'string' },
    scenario: {
      description: 'Name of the scenario, as it stands in reports.',
      type: 'string',
      pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
    },
    description: { description: 'What the scenario shows.', type: 'string', default: '', maxLength: 4000 },
    duration: quantity('duration', 'Virtual time that is run.'),
    seed: count('Seed of all randomness when `--seed` is not given.', 1, { minimum: 0, maximum: 4_294_967_295 }),
    ledger: section('The chain.', {
      companies: count('Companies; with the proxy they are the sealers.', 3, { minimum: 3, maximum: SEALERS_MAX - 1 }),
      blockInterval: quantity('duration', 'Least time between two blocks when transactions are waiting.', '500 ms'),
      heartbeat: quantity('duration', 'Time after which an empty block is proposed when nothing is waiting.', '10 s'),
      baseTimeout: quantity('duration', 'Time a proposer has in round 0; half as much again in each further round.', '2 s'),
      gather: quantity(
        'duration',
        'Time that the first transaction after a pause waits for others to share its block; none when left out.',
      ),
    }),
    edge: section('The edge nodes, spread evenly over the companies.', {
      count: count(
        'Edge nodes. With `sites`: so many rows of the file, evenly spaced; all of them when left out. Otherwise 20.',
        undefined,
        { minimum: 1, maximum: SCENARIO_NODES_MAX },
      ),
      capacity: count('Tasks that one edge node works on at a time.', 4, { minimum: 1, maximum: 65_535 }),
      price: quantity('amount', 'Price of one task.', '1000 gwei'),
      services: {
        description: 'Services that every edge node offers.',
        type: 'array',
        minItems: 1,
        maxItems: 16,
        default: ['vibration.spectrum'],
        items: SERVICE,
      },
      placement: {
        description: 'How edge nodes are placed in `area` when there is no `sites` file: at random or on a square grid.',
        enum: ['random', 'grid'],
        default: 'random',
      },
    }),
    devices: section(
      'The machines, spread evenly over the companies, placed at random in `area` unless there is a `users` file.',
      {
        count: count(
          'Devices. With `users`: so many rows of the file, evenly spaced; all of them when left out. Otherwise 100.',
          undefined,
          { minimum: 0, maximum: SCENARIO_NODES_MAX },
        ),
        taskInterval: quantity('duration', 'Mean time between two tasks of one device.', '20 s'),
        service: { ...SERVICE, description: 'The service that devices ask for.', default: 'vibration.spectrum' },
        maxPrice: quantity('amount', 'Most that a device pays for one task.', '2000 gwei'),
        window: section('The accelerometer window that is the input of one task.', {
          samples: count('Samples.', 2048, { minimum: 16, maximum: 65_536 }),
          sampleRate: quantity('frequency', 'Samples per second.', '6400 Hz'),
        }),
      },
    ),
    oracle: section('The oracle: its nodes, spread evenly over the companies, and what genesis says of it.', {
      nodes: count('Oracle nodes; a group of s needs s + 1 of them.', 0, { minimum: 0, maximum: 128 }),
      cores: count('Cores of an oracle node.', 4, { minimum: 1, maximum: 256 }),
      minStake: quantity('amount', 'What a node puts down to work.', '10 ether'),
      termBlocks: count('Blocks of a term, for which one master leads.', 40, { minimum: 8, maximum: 120 }),
      electBlocks: count('First blocks of a term, in which candidates come forward.', 6, { minimum: 1, maximum: 60 }),
      stageBlocks: count('Blocks between the first transmitter of an answer and the next one.', 4, { minimum: 1, maximum: 120 }),
      silenceBlocks: count('Blocks after which a master that does nothing may be replaced.', 16, { minimum: 1, maximum: 120 }),
      silenceSlash: quantity('amount', 'What a replaced master loses of its stake.', '1 ether'),
      expectedWinners: count('Candidates to be expected in a term.', 3, { minimum: 1, maximum: 128 }),
      nodesPerMember: count(
        'Nodes that stand for one company, at most. When left out: an even share of the nodes, and at least 8.',
        undefined,
        { minimum: 1, maximum: 128 },
      ),
      openRequests: count('Requests that may be open at once.', 10_000, { minimum: 1, maximum: 1_000_000 }),
      openPerRequester: count('Of one requester.', 1000, { minimum: 1, maximum: 1_000_000 }),
      jobs: section('What the oracle can be asked for.', {
        data: job('Outside data.', { fee: '10000 gwei', maxSpecBytes: 4096, maxResultBytes: 1024 }),
        message: job('Messages from another ledger.', { fee: '10000 gwei', maxSpecBytes: 8192, maxResultBytes: 8192 }),
        compute: job('Computing tasks.', { fee: '1000000 gwei', maxSpecBytes: 4096, maxResultBytes: 4096 }),
      }),
    }),
    area: section('A disc in which nodes without a file of places are put. The default is the centre of Melbourne.', {
      latitude: { description: 'Degrees north of the middle.', type: 'number', minimum: -89, maximum: 89, default: -37.8136 },
      longitude: { description: 'Degrees east of the middle.', type: 'number', minimum: -180, maximum: 180, default: 144.9631 },
      radius: quantity('length', 'Radius.', '2 km'),
    }),
    sites: {
      description: 'CSV file with LATITUDE and LONGITUDE columns: where the edge nodes are. Relative to the scenario file.',
      type: 'string',
      minLength: 1,
    },
    users: {
      description: 'CSV file with LATITUDE and LONGITUDE columns: where the devices are. Relative to the scenario file.',
      type: 'string',
      minLength: 1,
    },
    network: section('Links between sealers, edge nodes and the centre.', {
      ...link({ latency: '20 ms', jitter: '2 ms', bandwidth: '50 Mbit/s', loss: '0 %' }),
      devices: section('Links of the devices.', link({ latency: '30 ms', jitter: '5 ms', bandwidth: '10 Mbit/s', loss: '0 %' })),
    }),
    cpu: section('Processors.', {
      sealerCores: count('Cores of a sealer.', 4, { minimum: 1, maximum: 256 }),
      edgeCores: count('Cores of an edge node.', 4, { minimum: 1, maximum: 256 }),
      deviceCores: count('Cores of a device.', 1, { minimum: 1, maximum: 256 }),
      calibration: {
        description:
          'JSON file that `treadle calibrate` wrote: processor times and the time of a flush to disk, as a machine really has them. Relative to the scenario file.',
        type: 'string',
        minLength: 1,
      },
      costs: {
        description: 'Processor time per unit of an operation, instead of the calibrated one. Keys are names of operations.',
        type: 'object',
        default: {},
        maxProperties: 100,
        additionalProperties: quantity('cost', 'Processor time per unit.'),
      },
    }),
    payments: section('Payment channels.', {
      deposit: quantity('amount', 'What a device puts into its channel to the proxy.', '1 ether'),
      edgeDeposit: quantity('amount', 'What the proxy puts into its channel to an edge node.', '10 ether'),
      challenge: quantity('duration', 'Time in which the payee may still claim after the payer began to close.', '1 h'),
    }),
    faults: {
      description: 'What goes wrong, and when.',
      type: 'array',
      default: [],
      maxItems: SCENARIO_FAULTS_MAX,
      items: {
        description:
          'One event: `at` and exactly one of the other keys. Nodes are named proxy, centre, company-1, edge-1, device-1 and so on.',
        type: 'object',
        additionalProperties: false,
        required: ['at'],
        properties: {
          at: quantity('duration', 'Virtual time since the start.'),
          crash: nodes('Nodes that lose power: what they had not synced to disk is gone.'),
          restart: nodes('Crashed nodes that start again from their disk.'),
          partition: {
            description:
              'Groups of nodes that can no longer reach each other; nodes in no group reach everyone. Replaces an earlier partition.',
            type: 'array',
            minItems: 2,
            maxItems: 100,
            items: nodes('One group.'),
          },
          heal: { description: 'Ends the partition; the only value is `all`.', const: 'all' },
        },
      },
    },
  },
  $defs: quantityDefinitions,
};
