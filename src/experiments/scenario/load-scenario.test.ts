import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TreadleError } from '../../errors.ts';
import { loadScenario } from './load-scenario.ts';
import { scenarioReference } from './scenario-reference.ts';
import { scenarioSchema } from './schema.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const inRoot = (name: string) => readFileSync(path.join(root, name), 'utf8');
const noFiles = (name: string): string => {
  throw new Error(`no file ${name}`);
};
const load = (text: string, readFile = noFiles) => loadScenario(text, { file: 's.yaml', readFile });
const smallest = 'scenario: small\nduration: 1 min\n';

describe('loadScenario', () => {
  it('fills in every default', () => {
    expect(load(smallest)).toMatchObject({
      name: 'small',
      seed: 1,
      durationMicros: 60_000_000,
      ledger: { companies: 3, sealers: 4, blockIntervalMicros: 500_000 },
      edge: { count: 20, placement: { kind: 'random' }, services: ['vibration.spectrum'] },
      devices: { count: 100, window: { samples: 2048, sampleRateHz: 6400 } },
      network: { latencyMicros: 20_000, lossShare: 0, devices: { latencyMicros: 30_000 } },
      payments: { depositWei: 10n ** 18n },
      faults: [],
    });
  });

  it('keeps the defaults of a section of which one key is set', () => {
    const { network } = load(`${smallest}network:\n  devices:\n    loss: 0.5 %\n`);
    expect(network).toMatchObject({ latencyMicros: 20_000, devices: { lossShare: 0.005, latencyMicros: 30_000 } });
  });

  it('loads twice to the same value: defaults are not shared between loads', () => {
    expect(load(smallest)).toEqual(load(smallest));
    expect(load(`${smallest}seed: 9\n`).seed).toBe(9);
    expect(load(smallest).seed).toBe(1);
  });

  it('reads the scenario that comes with the project', () => {
    expect(load(inRoot('scenarios/edge-sharing.yaml'))).toMatchObject({
      name: 'edge-sharing',
      ledger: { sealers: 4 },
      edge: { count: 20 },
      devices: { count: 100 },
      durationMicros: 600_000_000,
    });
  });

  it.each<[string, string, RegExp]>([
    [
      'a misspelt key',
      `${smallest}ledger:\n  companies: 3\n  blockIntreval: 1 s\n`,
      /s\.yaml, line 5: unknown key "ledger\.blockIntreval", did you mean "blockInterval"\?/,
    ],
    ['a misspelt required key', 'scenaro: x\nduration: 1 s\n', /line 1: unknown key "scenaro", did you mean "scenario"\?/],
    ['a key that is like none', `${smallest}weather: rain\n`, /unknown key "weather", allowed here: scenario, description/],
    ['a missing key', 'scenario: x\n', /line 1: "duration" is missing/],
    [
      'a number without a unit',
      'scenario: x\nduration: 10\n',
      /line 2: duration: expected a time such as "20 ms" or "10 min", got the number 10/,
    ],
    [
      'a wrong unit',
      `${smallest}network:\n  bandwidth: 50 mbit/s\n`,
      /line 4: network\.bandwidth: unknown unit "mbit\/s" in "50 mbit\/s", did you mean "Mbit\/s"\?/,
    ],
    [
      'too few companies',
      `${smallest}ledger: { companies: 2 }\n`,
      /line 3: ledger\.companies: expected at least 3, got the number 2/,
    ],
    ['a word for a number', `${smallest}seed: seven\n`, /line 3: seed: expected a whole number, got "seven"/],
    [
      'an unknown choice',
      `${smallest}edge:\n  placement: spiral\n`,
      /edge\.placement: expected one of random, grid, got "spiral"/,
    ],
    ['a section that is a list', `${smallest}edge: [1]\n`, /edge: expected a section with keys, got a list/],
    ['an empty list', `${smallest}edge:\n  services: []\n`, /edge\.services: expected at least 1 entries, got 0/],
    ['nothing at all', '', /expected a section with keys, got nothing/],
    ['a time of zero', `${smallest}ledger:\n  blockInterval: 0 s\n`, /ledger\.blockInterval: "0 s" must be above zero/],
    ['more loss than all', `${smallest}network: { loss: 101 % }\n`, /network\.loss: "101 %" is more than everything/],
    ['a heartbeat below the block interval', `${smallest}ledger: { heartbeat: 100 ms }\n`, /heartbeat \(100 ms\) is shorter/],
    ['broken YAML', 'scenario: x\nduration: [1\n', /s\.yaml, line \d+, column \d+/],
    ['a key written twice', 'scenario: x\nscenario: y\nduration: 1 s\n', /line 2, column 1: .*unique/],
    ['a bad cost', `${smallest}cpu:\n  costs:\n    keccak: fast\n`, /line 5: cpu\.costs\.keccak: expected a processor time/],
  ])('names the line of %s', (_what, text, message) => {
    expect(() => load(text)).toThrow(message);
  });

  it('answers any text with a scenario or an error that says where', () => {
    const line = fc.constantFrom(
      'scenario: a',
      'duration: 1 s',
      'edge:',
      '  count: 2',
      ' - x',
      'faults:',
      '- at: 1 s',
      '  crash: [proxy]',
      'seed: *a',
      '"',
      ': :',
      'a: &a [*a]',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 8 }), (lines) => {
        try {
          load(lines.join('\n'));
        } catch (error) {
          expect(error).toBeInstanceOf(TreadleError);
          expect((error as TreadleError).code).toMatch(/^SCENARIO_/);
          expect((error as TreadleError).detail).toMatch(/^s\.yaml, line \d+/);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('files of places', () => {
  const csv = `latitude,longitude\n${Array.from({ length: 10 }, (_, at) => `${at},${at}`).join('\n')}\n`;

  it('are taken whole when no count is given', () => {
    const { edge, devices } = load(`${smallest}sites: a.csv\nusers: b.csv\n`, () => csv);
    expect(edge).toMatchObject({ count: 10, placement: { kind: 'places', file: 'a.csv' } });
    expect(devices.count).toBe(10);
  });

  it('are thinned evenly to the count', () => {
    const { edge } = load(`${smallest}sites: a.csv\nedge: { count: 5 }\n`, () => csv);
    expect(edge.placement.kind === 'places' && edge.placement.places.map(({ latitude }) => latitude)).toEqual([0, 2, 4, 6, 8]);
  });

  it('are replaced by those of the caller', () => {
    const read: string[] = [];
    const scenario = loadScenario(`${smallest}sites: a.csv\n`, {
      file: 's.yaml',
      sites: 'other.csv',
      readFile: (name) => {
        read.push(name);
        return csv;
      },
    });
    expect(read).toEqual(['other.csv']);
    expect(scenario.edge.count).toBe(10);
  });

  it('must be there, be readable, and have enough rows', () => {
    expect(() => load(`${smallest}sites: a.csv\n`)).toThrow(/line 3: sites: cannot read a\.csv/);
    expect(() => load(`${smallest}users: a.csv\n`, () => 'x\n1\n')).toThrow(/a\.csv, line 1: no column LATITUDE/);
    expect(() => load(`${smallest}sites: a.csv\nedge: { count: 11 }\n`, () => csv)).toThrow(
      /edge\.count: 11 nodes are asked for, a\.csv has 10 rows/,
    );
  });
});

describe('faults', () => {
  const faults = (...entries: string[]) => `${smallest}faults:\n${entries.map((entry) => `  - ${entry}\n`).join('')}`;

  it('come in order of time', () => {
    const text = faults(
      '{ at: 30 s, restart: [company-1] }',
      '{ at: 10 s, crash: [company-1] }',
      '{ at: 20 s, partition: [[proxy], [company-2, company-3]] }',
      '{ at: 40 s, heal: all }',
    );
    expect(load(text).faults).toEqual([
      { atMicros: 10_000_000, type: 'crash', nodes: ['company-1'] },
      { atMicros: 20_000_000, type: 'partition', groups: [['proxy'], ['company-2', 'company-3']] },
      { atMicros: 30_000_000, type: 'restart', nodes: ['company-1'] },
      { atMicros: 40_000_000, type: 'heal' },
    ]);
  });

  it.each<[string, string, RegExp]>([
    [
      'nothing',
      '{ at: 1 s }',
      /line 4: faults\[0\]: a fault does exactly one of crash, restart, partition, heal; this does nothing/,
    ],
    ['two things', '{ at: 1 s, crash: [proxy], heal: all }', /this does crash and heal/],
    [
      'an unknown node',
      '{ at: 1 s, crash: [compny-1] }',
      /faults\[0\]\.crash\[0\]: there is no node "compny-1", did you mean "company-1"\?/,
    ],
    ['a node beyond the last', '{ at: 1 s, crash: [edge-21] }', /the last of its kind is edge-20/],
    ['a time after the end', '{ at: 2 min, crash: [proxy] }', /faults\[0\]\.at: "2 min" is after the end/],
    ['a restart of a running node', '{ at: 1 s, restart: [edge-1] }', /edge-1 restarts although it is not down/],
    ['a node in two groups', '{ at: 1 s, partition: [[proxy], [proxy, edge-1]] }', /"proxy" is in two groups/],
    ['an unknown word to heal', '{ at: 1 s, heal: some }', /heal: expected "all", got "some"/],
  ])('cannot be %s', (_what, entry, message) => {
    expect(() => load(faults(entry))).toThrow(message);
  });
});

describe('what is published', () => {
  it('scenarios/scenario.schema.json is the schema of the code (scripts/write-scenario-reference.ts writes it)', () => {
    expect(JSON.parse(inRoot('scenarios/scenario.schema.json'))).toEqual(scenarioSchema);
  });

  it('docs/reference/scenario.md describes every key of the schema', () => {
    expect(inRoot('docs/reference/scenario.md')).toBe(scenarioReference());
  });
});
