import { schemaRows } from '../scenario/scenario-reference.ts';
import { LEARNING_REPORT_KEYS } from './learning-report.ts';
import { learningScenarioSchema } from './schema.ts';

/** The text of `docs/reference/learning-scenario.md`: every key of the schema with its type and default, and of the report. */
export function learningScenarioReference(): string {
  return `${[
    '# Learning scenarios',
    '',
    'Every key of a scenario of learning, as `treadle sim` reads it. Its first key is `learningScenario`. This page is written from the schema',
    '([learning-scenario.schema.json](../../scenarios/learning-scenario.schema.json)) by `scripts/write-scenario-reference.ts`; a test keeps both equal.',
    'Quantities are written as in [ordinary scenarios](scenario.md#quantities); strategies and attacks stand in [learning.md](learning.md).',
    '',
    'Coordinator and clients are the services that nodes run, with their messages, disks and timers. The records of rounds are anchored in the memory',
    'of the run, where all nodes read them: no ledger takes part.',
    '',
    '## Keys',
    '',
    '| Key | Type | Default | Meaning |',
    '|---|---|---|---|',
    ...schemaRows(learningScenarioSchema),
    '',
    '## Report',
    '',
    'With `--json` the report is one object:',
    '',
    '| Key | Meaning |',
    '|---|---|',
    ...LEARNING_REPORT_KEYS.map(
      ([key, meaning]) =>
        `| ${key
          .split(', ')
          .map((name) => `\`${name}\``)
          .join(', ')} | ${meaning} |`,
    ),
  ].join('\n')}\n`;
}
