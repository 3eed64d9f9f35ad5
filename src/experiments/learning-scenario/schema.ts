import { FEDERATED_ROUNDS_MAX, SCENARIO_FAULTS_MAX, SCENARIO_NODES_MAX } from '../../limits.ts';
import { type Schema, scenarioSchema } from '../scenario/schema.ts';
import { LONE_ATTACKS } from './learning-scenario.ts';

const quantity = (name: string, description: string, value?: string): Schema => ({
  $ref: `#/$defs/${name}`,
  description,
  ...(value !== undefined && { default: value }),
});
const count = (description: string, value: number | undefined, maximum: number): Schema => ({
  ...{ description, type: 'integer', minimum: 1, maximum },
  ...(value !== undefined && { default: value }),
});
const section = (description: string, properties: Readonly<Record<string, Schema>>): Schema => ({
  ...{ description, type: 'object', additionalProperties: false, default: {}, properties },
});
const clients = (description: string): Schema => ({
  ...{ description, type: 'array', minItems: 1, maxItems: SCENARIO_NODES_MAX },
  items: { type: 'string', pattern: '^client-[1-9][0-9]*$' },
});

/** The published schema of scenarios of learning. */
export const learningScenarioSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Treadle learning scenario',
  description:
    'A coordinator and clients that train one model over a network with faults and liars, run in virtual time by `treadle sim`.',
  type: 'object',
  additionalProperties: false,
  required: ['learningScenario'],
  properties: {
    $schema: { description: 'Where an editor finds this schema; not read.', type: 'string' },
    learningScenario: { description: 'Name of the scenario.', type: 'string', minLength: 1, maxLength: 100 },
    description: { description: 'What happens in it, in a sentence.', type: 'string', default: '' },
    seed: { description: 'Seed of the world, the data and the training.', type: 'integer', minimum: 0, default: 1 },
    duration: quantity('duration', 'Virtual time that the training may take.', '1 h'),
    clients: section('Who trains.', {
      count: count('Clients, named client-1, client-2, ...', 12, SCENARIO_NODES_MAX),
      active: count('Updates that are wanted in each round.', 9, SCENARIO_NODES_MAX),
      quorum: count('Updates with which a round may end at its deadline.', 5, SCENARIO_NODES_MAX),
      deadline: quantity('duration', 'When a round ends with a quorum.', '60 s'),
      attempts: count('Times that a round without a quorum is tried.', 3, 10),
    }),
    data: section('The built-in bearing data, with the network `bearing`.', {
      machines: count('Machines.', 12, 100),
      windows: count('Windows of each state of each machine to train on; a quarter as many more for testing.', 12, 100),
      partition: {
        description: 'How the windows are divided among the clients.',
        ...{ type: 'string', enum: ['iid', 'slices', 'machine'], default: 'machine' },
      },
    }),
    training: section('How clients train, and how one model is made of many.', {
      rounds: count('Rounds.', 6, FEDERATED_ROUNDS_MAX),
      epochs: count('Passes over its samples that a client makes in a round.', 3, 100),
      batch: count('Samples of a step.', 10, 1_000),
      learningRate: { description: 'Of the clients.', type: 'number', minimum: 1e-6, maximum: 10, default: 0.02 },
      strategy: { description: 'As `treadle learn strategies` names it, with parameters.', type: 'string', default: 'pedal' },
    }),
    network: section('Every line between two nodes.', {
      latency: quantity('duration', 'Time a frame is under way, one way.', '20 ms'),
      uplink: quantity('bandwidth', 'Of every node.', '20 Mbit/s'),
      downlink: quantity('bandwidth', 'Of every node.', '50 Mbit/s'),
      loss: quantity('share', 'Frames that are lost and sent again.', '0 %'),
    }),
    faults: {
      description: 'What happens once the coordinator has asked for updates of a round.',
      ...{ type: 'array', maxItems: SCENARIO_FAULTS_MAX, default: [] },
      items: {
        ...{ type: 'object', additionalProperties: false, required: ['duringRound', 'for'] },
        properties: {
          duringRound: count('In which round.', undefined, FEDERATED_ROUNDS_MAX),
          for: quantity('duration', 'How long it lasts.'),
          crash: { description: 'The coordinator loses power, and starts again on its disk afterwards.', const: 'coordinator' },
          cutOff: clients('Clients whose lines to the coordinator are cut.'),
        },
      },
    },
    attackers: {
      description: 'Clients that lie.',
      ...{ type: 'array', maxItems: SCENARIO_NODES_MAX, default: [] },
      items: {
        ...{ type: 'object', additionalProperties: false, required: ['attack', 'clients'] },
        properties: {
          attack: { description: 'What they do.', type: 'string', enum: LONE_ATTACKS },
          clients: clients('Who.'),
        },
      },
    },
    checks: section('What has to hold; the command ends with 1 otherwise.', {
      accuracy: quantity('share', 'Accuracy after the last round, at least.', '80 %'),
      liarsTaken: quantity('share', 'Part of the updates of liars that are taken into the model, at most.', '0 %'),
    }),
  },
  $defs: scenarioSchema.$defs ?? {},
};
