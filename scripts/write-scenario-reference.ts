/** Writes what is published of the scenario formats, from the schemas in the code. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { faultScenarioReference } from '../src/experiments/faults/format/reference.ts';
import { faultScenarioSchema } from '../src/experiments/faults/format/schema.ts';
import { learningScenarioReference, learningScenarioSchema } from '../src/experiments/learning-scenario/index.ts';
import { pedalScenarioReference } from '../src/experiments/pedal/format/reference.ts';
import { pedalScenarioSchema } from '../src/experiments/pedal/format/schema.ts';
import { scenarioReference } from '../src/experiments/scenario/scenario-reference.ts';
import { scenarioSchema } from '../src/experiments/scenario/schema.ts';

const root = path.resolve(import.meta.dirname, '..');
writeFileSync(path.join(root, 'scenarios/scenario.schema.json'), `${JSON.stringify(scenarioSchema, null, 2)}\n`);
writeFileSync(path.join(root, 'docs/reference/scenario.md'), scenarioReference());
writeFileSync(
  path.join(root, 'scenarios/faults/fault-scenario.schema.json'),
  `${JSON.stringify(faultScenarioSchema, null, 2)}\n`,
);
writeFileSync(path.join(root, 'docs/reference/fault-scenario.md'), faultScenarioReference());
writeFileSync(path.join(root, 'scenarios/pedal-scenario.schema.json'), `${JSON.stringify(pedalScenarioSchema, null, 2)}\n`);
writeFileSync(path.join(root, 'docs/reference/pedal-scenario.md'), pedalScenarioReference());
writeFileSync(path.join(root, 'scenarios/learning-scenario.schema.json'), `${JSON.stringify(learningScenarioSchema, null, 2)}\n`);
writeFileSync(path.join(root, 'docs/reference/learning-scenario.md'), learningScenarioReference());
