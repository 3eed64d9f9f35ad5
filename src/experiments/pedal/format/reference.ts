import { schemaRows } from '../../scenario/scenario-reference.ts';
import { pedalScenarioSchema } from './schema.ts';

/** The text of `docs/reference/pedal-scenario.md`: every key of the schema with its type and default. */
export function pedalScenarioReference(): string {
  return `${[
    '# Oracle scenarios',
    '',
    'Every key of a scenario of the oracle, as `treadle sim` reads it. Its first key is `pedalScenario`. This page is written from the schema',
    '([pedal-scenario.schema.json](../../scenarios/pedal-scenario.schema.json)) by `scripts/write-scenario-reference.ts`; a test keeps both equal.',
    'Quantities are written as in [ordinary scenarios](scenario.md#quantities); what attackers do stands in [oracle-attacks.md](oracle-attacks.md).',
    '',
    '## Keys',
    '',
    '| Key | Type | Default | Meaning |',
    '|---|---|---|---|',
    ...schemaRows(pedalScenarioSchema),
    '',
    '## Report',
    '',
    'With `--json` the report is one object:',
    '',
    '| Key | Meaning |',
    '|---|---|',
    ...REPORT.map(([key, meaning]) => `| \`${key}\` | ${meaning} |`),
    '',
    'The exit code is 1 when `failures` says something: something invalid was accepted, the ledger forked, money is missing, too few requests',
    'were answered, or an attacker never got to attack.',
  ].join('\n')}\n`;
}

const REPORT: readonly (readonly [string, string])[] = [
  ['rounds', '`started` by nodes that led; `completed`: answers that the contract took; `expired`: requests whose time ran out'],
  ['electionFallbackRate', 'Part of the terms in which nobody came forward, so that the turn decided who leads'],
  ['latencyMs', 'From sending a request to the block with its answer: `p50`, `p95`, `p99`, `max`'],
  ['ioBytes', 'Bytes that nodes sent one another; `outsideBytes` came from sources'],
  ['invalidAccepted', 'What the referee found that must never be; the list is in `invalid`'],
  [
    'requests',
    'Of honest accounts and feeds: `asked`, `answered`, `failed`, `expired`, `pending`, `strange` ones of anybody else, and why some were `refused` by the ledger',
  ],
  ['refundedWei', 'What came back to those who asked'],
  [
    'masters',
    '`replaced` ones, how often a stake was `slashed`, and how many replaced ones were `wronged`: honest, up, and in reach of everybody',
  ],
  ['equivocationsProven', 'Masters that were shown to have signed two things'],
  ['callbacks', 'Contracts that were called back: `worked`, `failed`'],
  [
    'attacks',
    'For each attack: `attempts`, forgeries that were `taken` (must be 0), what members rightly `signed`, and how often each refusal was met',
  ],
  ['chain', '`height`, `forks`, `transactions`'],
  ['failures', 'Why the run does not count as good; empty when it does'],
  ['traceHash', 'Fingerprint of everything that happened; the same for the same scenario and seed'],
];
