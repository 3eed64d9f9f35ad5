import { Ajv2020 } from 'ajv/dist/2020.js';
import { ORACLE_SIGHT_BYTES_MAX } from '../../../limits.ts';
import type { LoadScenarioOptions, Scenario } from '../../scenario/index.ts';
import { type RawScenario, scenarioOf } from '../../scenario/load-scenario.ts';
import { type KeyPath, ScenarioText } from '../../scenario/scenario-text.ts';
import { validateAgainst, validateScenario } from '../../scenario/validate.ts';
import {
  type Attack,
  type AttackerSettings,
  type PedalScenario,
  REQUEST_FORMS,
  type RequestForm,
  type SourceSettings,
} from './pedal-scenario.ts';
import { pedalScenarioSchema } from './schema.ts';

const check = new Ajv2020({ allErrors: true, verbose: true, useDefaults: true }).compile(pedalScenarioSchema);
/** What stands for the sections that scenarios of the oracle do not have. */
const NOBODY_ELSE = 'scenario: nobody\nduration: 1 s\nedge: { count: 1 }\ndevices: { count: 0 }\n';
const PPM = 1_000_000;

/** True for a text that says of itself that it is a scenario of the oracle. */
export function isPedalScenario(text: string): boolean {
  return /^pedalScenario\s*:/m.test(text);
}

/**
 * Reads a scenario of the oracle: YAML, checked against the published schema, quantities turned into numbers in base units.
 *
 * @throws TreadleError SCENARIO_NOT_YAML | SCENARIO_UNKNOWN_KEY | SCENARIO_INVALID | SCENARIO_FILE_MISSING
 */
export function readPedalScenario(text: string, options: LoadScenarioOptions): PedalScenario {
  const source = new ScenarioText(text, options.file);
  const raw = validateAgainst(source, check) as RawPedalScenario;
  const others = validateScenario(new ScenarioText(NOBODY_ELSE, options.file)) as RawScenario;
  const { duration, ledger, oracle, network, cpu, faults, seed, description } = raw;
  const sections = { duration, ledger, oracle, network, cpu, faults, seed, description };
  const whole = scenarioOf(source, { ...others, ...sections, scenario: raw.pedalScenario }, options);
  const attackers = raw.attackers.map((attacker, at) => readAttacker(source, attacker, { at, whole }));
  const edges = attackers.some(({ kind }) => kind === 'rogue-key') ? 1 : 0;
  const sources = raw.sources.map((entry, at) => readSource(source, entry, ['sources', at]));
  const twice = sources.find(({ name }, at) => sources.findIndex((other) => other.name === name) < at);
  if (twice !== undefined) throw source.invalid(['sources'], `two sources are named ${twice.name}`);
  return {
    name: raw.pedalScenario,
    description: raw.description,
    durationMicros: whole.durationMicros,
    seed: raw.seed,
    base: { ...whole, edge: { ...whole.edge, count: edges }, faults: [] },
    sources,
    load: readLoad(source, raw, { sources, whole }),
    faultsDuringRounds: raw.faultsDuringRounds,
    faults: whole.faults,
    attackers,
    checks: {
      answeredShare: source.quantity('share', raw.checks.answered, ['checks', 'answered']),
      answeredAfterShare: source.quantity('share', raw.checks.answeredAfter, ['checks', 'answeredAfter']),
      refusals: raw.checks.refusals,
      replaced: raw.checks.replaced,
      proven: raw.checks.proven,
    },
  };
}

function readSource(source: ScenarioText, raw: RawSource, path: KeyPath): SourceSettings {
  const time = (key: 'changes' | 'delay' | 'slow'): number => source.quantity('duration', raw[key] as string, [...path, key]);
  const slowShare = source.quantity('share', raw.slowShare, [...path, 'slowShare']);
  if (slowShare > 1) throw source.invalid([...path, 'slowShare'], `"${raw.slowShare}" is more than everything`);
  const down = raw.down && {
    everyMicros: source.quantity('duration', raw.down.every, [...path, 'down', 'every']),
    forMicros: source.quantity('duration', raw.down.for, [...path, 'down', 'for']),
  };
  if (down !== undefined && down.forMicros >= down.everyMicros)
    throw source.invalid([...path, 'down'], `a source that is down for ${raw.down?.for} of every ${raw.down?.every} is never up`);
  if (raw.changes !== undefined && time('changes') <= 0) throw source.invalid([...path, 'changes'], '"0" must be above zero');
  return {
    name: raw.name,
    says: raw.says,
    value: raw.value,
    driftPerSecond: raw.drift,
    noise: raw.noise,
    sizeBytes: source.quantity('size', raw.size, [...path, 'size']),
    changesMicros: raw.changes === undefined ? undefined : time('changes'),
    delayMicros: time('delay'),
    slowShare,
    slowMicros: time('slow'),
    down,
  };
}

function readLoad(
  source: ScenarioText,
  { load }: RawPedalScenario,
  { sources, whole }: { readonly sources: readonly SourceSettings[]; readonly whole: Scenario },
): PedalScenario['load'] {
  const sum = REQUEST_FORMS.reduce((total, form) => total + load.forms[form], 0);
  if (sum === 0) throw source.invalid(['load', 'forms'], 'at least one form must be asked for');
  const forms = Object.fromEntries(REQUEST_FORMS.map((form) => [form, load.forms[form] / sum])) as Record<RequestForm, number>;
  const most = Math.min(ORACLE_SIGHT_BYTES_MAX, whole.oracle.settings.jobs?.data?.maxResultBytes ?? ORACLE_SIGHT_BYTES_MAX);
  if (forms.median > 0 && !sources.some(({ says }) => says === 'number'))
    throw source.invalid(['load', 'forms', 'median'], 'there is no source that says a number');
  if (forms.digest > 0 && !sources.some(({ says }) => says === 'bytes'))
    throw source.invalid(['load', 'forms', 'digest'], 'there is no source that says bytes');
  if (
    forms.exact + forms.encrypted > 0 &&
    !sources.some(({ says, sizeBytes }) => says === 'bytes' && sizeBytes <= most - SEAL_BYTES)
  )
    throw source.invalid(['load', 'forms'], `there is no source whose bytes fit into a result of ${most} bytes`);
  const lifeMicros = source.quantity('duration', load.life, ['load', 'life']);
  if (lifeMicros < LIFE_MICROS_MIN) throw source.invalid(['load', 'life'], `"${load.life}" is shorter than 6 s`);
  const feeds = load.feeds.map((feed, at) => {
    const path = ['load', 'feeds', at];
    if (!sources.some(({ name, says }) => name === feed.source && says === 'number'))
      throw source.invalid([...path, 'source'], `there is no source "${feed.source}" that says a number`);
    const heartbeatMicros = source.quantity('duration', feed.heartbeat, [...path, 'heartbeat']);
    if (heartbeatMicros < 1_000_000) throw source.invalid([...path, 'heartbeat'], `"${feed.heartbeat}" is shorter than 1 s`);
    const deviationPpm = Math.round(source.quantity('share', feed.deviation, [...path, 'deviation']) * PPM);
    return { source: feed.source, heartbeatMicros, deviationPpm };
  });
  return { ratePerSecond: load.rate, accounts: load.accounts, lifeMicros, forms, feeds };
}

/** What encryption adds to an answer. */
const SEAL_BYTES = 49;
/** The contract takes lives of five seconds from its block on. */
const LIFE_MICROS_MIN = 6_000_000;

function readAttacker(
  source: ScenarioText,
  raw: RawAttacker,
  { at, whole }: { readonly at: number; readonly whole: Scenario },
): AttackerSettings {
  const path = ['attackers', at];
  const everyMicros = source.quantity('duration', raw.every, [...path, 'every']);
  if (everyMicros <= 0) throw source.invalid([...path, 'every'], `"${raw.every}" must be above zero`);
  for (const [index, name] of raw.nodes.entries())
    checkAttacker(raw.kind, name, whole, (detail) => source.invalid([...path, 'nodes', index], detail));
  return { kind: raw.kind, nodes: raw.nodes, everyMicros, fromMicros: source.quantity('duration', raw.from, [...path, 'from']) };
}

function checkAttacker(kind: Attack, name: string, { oracle }: Scenario, invalid: (detail: string) => Error): void {
  const [, role = '', digits = ''] = /^([a-z]+)-([1-9][0-9]{0,2})$/.exec(name) ?? [];
  const allowed =
    kind === 'rogue-key'
      ? ['edge']
      : kind === 'flood'
        ? ['stranger']
        : ['oracle', ...(STRANGERS_MAY.has(kind) ? ['stranger'] : [])];
  if (!allowed.includes(role))
    throw invalid(`"${name}" cannot do "${kind}": expected ${allowed.map((each) => `${each}-1`).join(' or ')}`);
  const most = role === 'oracle' ? oracle.nodes : role === 'edge' ? 1 : 999;
  if (Number(digits) > most) throw invalid(`there is no node "${name}": the last of its kind is ${role}-${most}`);
}

/** Attacks for which an account is enough. */
const STRANGERS_MAY: ReadonlySet<Attack> = new Set(['pretended-master', 'forged-aggregate', 'replay']);

interface RawSource {
  readonly name: string;
  readonly says: 'number' | 'bytes';
  readonly value: number;
  readonly drift: number;
  readonly noise: number;
  readonly size: string;
  readonly changes?: string;
  readonly delay: string;
  readonly slow: string;
  readonly slowShare: string;
  readonly down?: { readonly every: string; readonly for: string };
}

interface RawAttacker {
  readonly kind: Attack;
  readonly nodes: readonly string[];
  readonly every: string;
  readonly from: string;
}

/** What the schema lets through, after its defaults were filled in. */
interface RawPedalScenario
  extends Pick<RawScenario, 'description' | 'duration' | 'seed' | 'ledger' | 'oracle' | 'network' | 'cpu' | 'faults'> {
  readonly pedalScenario: string;
  readonly sources: readonly RawSource[];
  readonly load: {
    readonly rate: number;
    readonly accounts: number;
    readonly life: string;
    readonly forms: Readonly<Record<RequestForm, number>>;
    readonly feeds: readonly { readonly source: string; readonly heartbeat: string; readonly deviation: string }[];
  };
  readonly faultsDuringRounds: boolean;
  readonly attackers: readonly RawAttacker[];
  readonly checks: {
    readonly answered: string;
    readonly answeredAfter: string;
    readonly refusals: readonly string[];
    readonly replaced: number;
    readonly proven: number;
  };
}
