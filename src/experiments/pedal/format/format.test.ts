import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isPedalScenario, readPedalScenario } from './read-pedal-scenario.ts';
import { pedalScenarioReference } from './reference.ts';
import { pedalScenarioSchema } from './schema.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
const inRoot = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const smallest = [
  'pedalScenario: small',
  'duration: 10 s',
  'sources:',
  '  - { name: oven }',
  '  - { name: recipe, says: bytes }',
  '',
].join('\n');
const read = (text: string) => readPedalScenario(text, { file: 's.yaml', readFile: inRoot });

describe('a scenario of the oracle', () => {
  it('has a default for all but its name, duration and sources', () => {
    expect(read(smallest)).toMatchObject({
      name: 'small',
      durationMicros: 10_000_000,
      base: { oracle: { nodes: 7, settings: { termBlocks: 16 } }, devices: { count: 0 }, edge: { count: 0 }, faults: [] },
      sources: [
        { name: 'oven', says: 'number', value: 20, noise: 0, down: undefined },
        { name: 'recipe', says: 'bytes', sizeBytes: 200 },
      ],
      load: { ratePerSecond: 1, accounts: 4, forms: { median: 0.25, exact: 0.25, digest: 0.25, encrypted: 0.25 }, feeds: [] },
      attackers: [],
      checks: { answeredShare: 0.9, answeredAfterShare: 0.95, refusals: [], replaced: 0, proven: 0 },
    });
  });

  it('is told from others by its first key', () => {
    expect(isPedalScenario(smallest)).toBe(true);
    expect(isPedalScenario(inRoot('scenarios/edge-sharing.yaml'))).toBe(false);
  });

  it.each<readonly [string, string, RegExp]>([
    ['a misspelt key', `${smallest}atackers: []\n`, /line 6: unknown key "atackers", did you mean "attackers"\?/],
    [
      'an attack that is none',
      `${smallest}attackers:\n  - { kind: shout, nodes: [oracle-1] }\n`,
      /attackers\[0\]\.kind: expected one of pretended-master, /,
    ],
    [
      'a node that is not there',
      `${smallest}attackers:\n  - { kind: collude, nodes: [oracle-8] }\n`,
      /line 7: attackers\[0\]\.nodes\[0\]: there is no node "oracle-8": the last of its kind is oracle-7/,
    ],
    [
      'an attacker without a node where one is needed',
      `${smallest}attackers:\n  - { kind: silence, nodes: [stranger-1] }\n`,
      /"stranger-1" cannot do "silence": expected oracle-1/,
    ],
    [
      'a feed of nothing',
      `${smallest}load:\n  feeds:\n    - { source: recipe }\n`,
      /load\.feeds\[0\]\.source: there is no source "recipe" that says a number/,
    ],
    [
      'a source that is never up',
      smallest.replace('{ name: oven }', '{ name: oven, down: { every: 5 s, for: 5 s } }'),
      /sources\[0\]\.down: a source that is down for 5 s of every 5 s is never up/,
    ],
    ['two sources of one name', smallest.replace('recipe', 'oven'), /two sources are named oven/],
    [
      'nothing to ask',
      `${smallest}load: { forms: { median: 0, exact: 0, digest: 0, encrypted: 0 } }\n`,
      /at least one form must be asked for/,
    ],
    [
      'a form that no source can be asked in',
      smallest.replace('says: bytes', 'says: number'),
      /there is no source that says bytes/,
    ],
    [
      'bytes that fit into no result',
      smallest.replace('says: bytes', 'says: bytes, size: 100 kB'),
      /there is no source whose bytes fit into a result of 1024 bytes/,
    ],
    [
      'a fault of a node that is not there',
      `${smallest}faults:\n  - { at: 1 s, crash: [oracle-9] }\n`,
      /there is no node "oracle-9"/,
    ],
  ])('names the line of %s', (_what, text, words) => {
    expect(() => read(text)).toThrow(words);
  });

  it('is published as it is read', () => {
    expect(JSON.parse(inRoot('scenarios/pedal-scenario.schema.json'))).toEqual(JSON.parse(JSON.stringify(pedalScenarioSchema)));
    expect(inRoot('docs/reference/pedal-scenario.md')).toBe(pedalScenarioReference());
  });

  it.each(['pedal.yaml', ...readdirSync(path.join(root, 'scenarios/attacks')).map((name) => `attacks/${name}`)])(
    '%s can be read',
    (file) => {
      expect(isPedalScenario(inRoot(`scenarios/${file}`))).toBe(true);
      expect(read(inRoot(`scenarios/${file}`)).description).not.toBe('');
    },
  );
});
