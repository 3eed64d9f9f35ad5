import { PEDAL_ACCOUNTS_MAX, PEDAL_SOURCES_MAX } from '../../../limits.ts';
import { type Schema, scenarioSchema } from '../../scenario/schema.ts';
import { ATTACKS, REQUEST_FORMS } from './pedal-scenario.ts';

const quantity = (name: string, description: string, value?: string): Schema => ({
  $ref: `#/$defs/${name}`,
  description,
  ...(value !== undefined && { default: value }),
});
const number = (description: string, value: number, bounds: { readonly minimum: number; readonly maximum: number }): Schema => ({
  description,
  type: 'number',
  ...bounds,
  default: value,
});
const NAME: Schema = { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,31}$' };

/** A section of ordinary scenarios, which means the same here. */
function shared(name: 'ledger' | 'oracle' | 'network' | 'cpu', defaults: Readonly<Record<string, unknown>> = {}): Schema {
  const section = scenarioSchema.properties?.[name] as Schema;
  const properties = Object.entries(section.properties ?? {}).map(([key, schema]) => [
    key,
    key in defaults ? { ...schema, default: defaults[key] } : schema,
  ]);
  return { ...section, properties: Object.fromEntries(properties) };
}

const faultItems = scenarioSchema.properties?.['faults'] as Schema;

/** The published schema of scenarios of the oracle. */
export const pedalScenarioSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Treadle oracle scenario',
  description: 'An oracle, what it is asked, and who attacks it, run in virtual time by `treadle sim`.',
  type: 'object',
  additionalProperties: false,
  required: ['pedalScenario', 'duration', 'sources'],
  properties: {
    $schema: { description: 'Where an editor finds this schema; not read.', type: 'string' },
    pedalScenario: {
      description: 'Name of the scenario, as it stands in reports.',
      type: 'string',
      pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
    },
    description: { description: 'What the scenario shows.', type: 'string', default: '', maxLength: 4000 },
    duration: quantity('duration', 'Virtual time in which is asked; what is under way then still ends.'),
    seed: {
      description: 'Seed of all randomness when `--seed` is not given.',
      type: 'integer',
      minimum: 0,
      maximum: 4_294_967_295,
      default: 1,
    },
    ledger: shared('ledger', { heartbeat: '1 s' }),
    oracle: shared('oracle', { nodes: 7, termBlocks: 16, electBlocks: 4 }),
    network: shared('network'),
    cpu: shared('cpu'),
    sources: {
      description:
        'What there is to be read outside. Each says something else to whoever asks at another time, or is another node.',
      type: 'array',
      minItems: 1,
      maxItems: PEDAL_SOURCES_MAX,
      items: {
        description: 'One source.',
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name: { ...NAME, description: 'Name of the source; its address is `https://NAME.example/`.' },
          says: { description: 'A number in JSON, or content of `size`.', enum: ['number', 'bytes'], default: 'number' },
          value: number('The number at the beginning.', 20, { minimum: -1e9, maximum: 1e9 }),
          drift: number('How much the number changes within a second.', 0, { minimum: -1e6, maximum: 1e6 }),
          noise: number('How far what a node is told may lie from the number.', 0, { minimum: 0, maximum: 1e6 }),
          size: quantity(
            'size',
            'Size of the content; above what a result may have it can be asked for as a digest only.',
            '200 B',
          ),
          changes: quantity('duration', 'Time after which the content is another one. When left out: never.'),
          delay: quantity('duration', 'Time that the source takes to answer.', '20 ms'),
          slow: quantity('duration', 'Time that it takes for a part of the reads.', '2 s'),
          slowShare: quantity('share', 'That part.', '0 %'),
          down: {
            description: 'Times in which it answers nobody: the last part of every period.',
            type: 'object',
            additionalProperties: false,
            required: ['every', 'for'],
            properties: {
              every: quantity('duration', 'The period.'),
              for: quantity('duration', 'How long it is down.'),
            },
          },
        },
      },
    },
    load: {
      description: 'What is asked.',
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        rate: number('Requests of accounts within a second, on average.', 1, { minimum: 0.01, maximum: 1000 }),
        accounts: {
          description: 'Accounts that ask.',
          type: 'integer',
          minimum: 1,
          maximum: PEDAL_ACCOUNTS_MAX,
          default: 4,
        },
        life: quantity('duration', 'Time after which a request expires.', '60 s'),
        forms: {
          description: 'How often each form is asked for, compared with the others.',
          type: 'object',
          additionalProperties: false,
          default: {},
          properties: Object.fromEntries(
            REQUEST_FORMS.map((form) => [form, number(meaningOf(form), 1, { minimum: 0, maximum: 1000 })]),
          ),
        },
        feeds: {
          description: 'Feeds, which are contracts that are deployed at the start, ask, and are called back.',
          type: 'array',
          default: [],
          maxItems: 16,
          items: {
            description: 'One feed.',
            type: 'object',
            additionalProperties: false,
            required: ['source'],
            properties: {
              source: { ...NAME, description: 'The source, which must say a number.' },
              heartbeat: quantity('duration', 'Age at which the value is asked for anew.', '10 s'),
              deviation: quantity('share', 'Change of the value at which somebody asks earlier.', '1 %'),
            },
          },
        },
      },
    },
    faultsDuringRounds: {
      description: 'Whether each fault waits, from its time on, until a round of the oracle is under way.',
      type: 'boolean',
      default: false,
    },
    faults: faultItems,
    attackers: {
      description: 'Who attacks. What each attack does is told in the page about attacks on the oracle.',
      type: 'array',
      default: [],
      maxItems: 16,
      items: {
        description: 'One attack.',
        type: 'object',
        additionalProperties: false,
        required: ['kind', 'nodes'],
        properties: {
          kind: { description: 'What they do.', enum: ATTACKS },
          nodes: {
            description:
              'Who does it: oracle-1 and so on, edge-1 for `rogue-key`, or names of strangers such as stranger-1, who have accounts only.',
            type: 'array',
            minItems: 1,
            maxItems: 32,
            items: { type: 'string', minLength: 1 },
          },
          every: quantity('duration', 'Time between two attempts.', '2 s'),
          from: quantity('duration', 'Virtual time since the start at which they begin.', '0 s'),
        },
      },
    },
    checks: {
      description: 'When the run counts as good, beside that nothing invalid was accepted.',
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        answered: quantity('share', 'Part of the requests that has to be answered.', '90 %'),
        refusals: {
          description:
            'Refusals that attackers have to meet: names of the contracts’ errors, codes, or `member: ` and what a member objected.',
          type: 'array',
          default: [],
          maxItems: 32,
          items: { type: 'string', minLength: 1 },
        },
        replaced: {
          description: 'Masters that have to be replaced, at least.',
          type: 'integer',
          minimum: 0,
          maximum: 1000,
          default: 0,
        },
        proven: {
          description: 'Equivocations that have to be proven, at least.',
          type: 'integer',
          minimum: 0,
          maximum: 1000,
          default: 0,
        },
        answeredAfter: quantity('share', 'Part of those that were asked after the last fault.', '95 %'),
      },
    },
  },
  $defs: scenarioSchema.$defs ?? {},
};

function meaningOf(form: (typeof REQUEST_FORMS)[number]): string {
  switch (form) {
    case 'median':
      return 'A number, as the median of what the nodes are told.';
    case 'exact':
      return 'The content itself.';
    case 'digest':
      return 'The digest of the content.';
    case 'encrypted':
      return 'The content, encrypted for whoever asked.';
  }
}
