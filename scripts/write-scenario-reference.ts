/** Writes what is published of the scenario format, from the schema in the code. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { scenarioReference } from '../src/experiments/scenario/scenario-reference.ts';
import { scenarioSchema } from '../src/experiments/scenario/schema.ts';

const root = path.resolve(import.meta.dirname, '..');
writeFileSync(path.join(root, 'scenarios/scenario.schema.json'), `${JSON.stringify(scenarioSchema, null, 2)}\n`);
writeFileSync(path.join(root, 'docs/reference/scenario.md'), scenarioReference());
