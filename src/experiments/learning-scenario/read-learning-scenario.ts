import { Ajv2020 } from 'ajv/dist/2020.js';
import { findPlugin, readPluginChoice, STRATEGIES } from '../../learning/index.ts';
import { type KeyPath, ScenarioText } from '../scenario/scenario-text.ts';
import { validateAgainst } from '../scenario/validate.ts';
import type { LearningFault, LearningScenario, LoneAttack } from './learning-scenario.ts';
import { learningScenarioSchema } from './schema.ts';

const check = new Ajv2020({ allErrors: true, verbose: true, useDefaults: true }).compile(learningScenarioSchema);

/** True for a text that says of itself that it is a scenario of learning. */
export function isLearningScenario(text: string): boolean {
  return /^learningScenario\s*:/m.test(text);
}

/**
 * Reads a scenario of learning: YAML, checked against the published schema, quantities turned into numbers in base units.
 *
 * @throws TreadleError SCENARIO_NOT_YAML | SCENARIO_UNKNOWN_KEY | SCENARIO_INVALID | FEDERATED_PLUGIN_UNKNOWN |
 *   FEDERATED_PARAMETER_INVALID
 */
export function readLearningScenario(text: string, { file }: { readonly file: string }): LearningScenario {
  const source = new ScenarioText(text, file);
  const raw = validateAgainst(source, check) as RawLearningScenario;
  const { clients, data, training, network } = raw;
  const { count, active, quorum } = clients;
  if (active > count) throw source.invalid(['clients', 'active'], `there are only ${count} clients`);
  if (quorum > active) throw source.invalid(['clients', 'quorum'], `only ${active} updates are wanted`);
  if (data.partition === 'machine' && data.machines < count)
    throw source.invalid(['data', 'machines'], `${count} clients cannot have a machine each`);
  findPlugin(readPluginChoice(training.strategy, STRATEGIES).name, STRATEGIES);
  const duration = (value: string, path: KeyPath): number => source.quantity('duration', value, path);
  const numbers = (names: readonly string[], path: KeyPath): readonly number[] =>
    names.map((name, at) => {
      const number = Number(name.slice('client-'.length));
      if (number > count) throw source.invalid([...path, at], `there is no "${name}": the last one is client-${count}`);
      return number;
    });
  return {
    name: raw.learningScenario,
    description: raw.description,
    seed: raw.seed,
    durationMicros: duration(raw.duration, ['duration']),
    clients: {
      ...{ count, active, quorum, attempts: clients.attempts },
      deadlineMicros: duration(clients.deadline, ['clients', 'deadline']),
    },
    data,
    training: {
      ...{ rounds: training.rounds, epochs: training.epochs, batchSize: training.batch },
      ...{ learningRate: training.learningRate, strategy: training.strategy },
    },
    network: {
      latencyMicros: duration(network.latency, ['network', 'latency']),
      uplinkBitsPerSecond: source.quantity('bandwidth', network.uplink, ['network', 'uplink']),
      downlinkBitsPerSecond: source.quantity('bandwidth', network.downlink, ['network', 'downlink']),
      loss: source.quantity('share', network.loss, ['network', 'loss']),
    },
    faults: raw.faults.map((fault, at): LearningFault => {
      const path = ['faults', at];
      const { duringRound, crash, cutOff } = fault;
      if ((crash === undefined) === (cutOff === undefined)) throw source.invalid(path, 'expected either crash or cutOff');
      if (duringRound > training.rounds)
        throw source.invalid([...path, 'duringRound'], `there are only ${training.rounds} rounds`);
      const forMicros = duration(fault.for, [...path, 'for']);
      if (cutOff === undefined) return { duringRound, forMicros, what: { type: 'crash' } };
      return { duringRound, forMicros, what: { type: 'cutOff', clients: numbers(cutOff, [...path, 'cutOff']) } };
    }),
    attackers: raw.attackers.map(({ attack, clients: names }, at) => ({
      attack,
      clients: numbers(names, ['attackers', at, 'clients']),
    })),
    checks: {
      accuracy: source.quantity('share', raw.checks.accuracy, ['checks', 'accuracy']),
      liarsTaken: source.quantity('share', raw.checks.liarsTaken, ['checks', 'liarsTaken']),
    },
  };
}

/** What the schema lets through, after its defaults were filled in. */
interface RawLearningScenario {
  readonly learningScenario: string;
  readonly description: string;
  readonly seed: number;
  readonly duration: string;
  readonly clients: { count: number; active: number; quorum: number; deadline: string; attempts: number };
  readonly data: LearningScenario['data'];
  readonly training: { rounds: number; epochs: number; batch: number; learningRate: number; strategy: string };
  readonly network: { latency: string; uplink: string; downlink: string; loss: string };
  readonly faults: readonly { duringRound: number; for: string; crash?: 'coordinator'; cutOff?: readonly string[] }[];
  readonly attackers: readonly { attack: LoneAttack; clients: readonly string[] }[];
  readonly checks: { accuracy: string; liarsTaken: string };
}
