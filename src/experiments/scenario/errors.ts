import { defineErrors } from '../../errors.ts';

export const scenarioErrors = defineErrors({
  SCENARIO_NOT_YAML: {
    summary: 'The scenario is not YAML',
    action: 'Correct the file at the line that the message names',
  },
  SCENARIO_UNKNOWN_KEY: {
    summary: 'The scenario has a key that does not exist',
    action: 'Remove the key or correct its spelling; docs/reference/scenario.md lists every key',
  },
  SCENARIO_INVALID: {
    summary: 'A value in the scenario is missing or wrong',
    action: 'Correct the value at the line that the message names; docs/reference/scenario.md lists every key',
  },
  SCENARIO_FILE_MISSING: {
    summary: 'A file that the scenario names cannot be read',
    action: 'Write the path relative to the scenario file, and check that the file is there',
  },
  SCENARIO_NODE_FAILED: {
    summary: 'A simulated node gave up',
    action: 'This is a defect: the same scenario and seed repeat it; report them with the message',
  },
  PLACES_INVALID: {
    summary: 'A file of places cannot be used',
    action: 'Give a CSV file with the columns LATITUDE and LONGITUDE (any letter case), in degrees',
  },
});
