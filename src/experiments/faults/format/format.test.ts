import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScenario } from '../../scenario/index.ts';
import { countIn } from './fault-scenario.ts';
import { isFaultScenario, readFaultScenario } from './read-fault-scenario.ts';
import { faultScenarioReference } from './reference.ts';
import { faultScenarioSchema } from './schema.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
const inRoot = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const smallest = 'faultScenario: small\nsafety:\n  duration: 10 s\n';
const read = (text: string) => readFaultScenario(text, { file: 's.yaml' });

describe('a fault scenario', () => {
  it('has a default for everything but its name', () => {
    expect(read(smallest)).toMatchObject({
      name: 'small',
      nodes: [4],
      load: { ratePerSecond: 5, at: 'all', records: 0.2, payloads: 0 },
      safety: { duration: { min: 10_000_000, max: 10_000_000 }, faults: [] },
      liveness: { resumeMicros: undefined },
      checks: { throughputShare: undefined, nobodyHonestAccused: true },
    });
  });

  it('is told from an ordinary one by its first key', () => {
    expect(isFaultScenario(smallest)).toBe(true);
    expect(isFaultScenario(inRoot('scenarios/edge-sharing.yaml'))).toBe(false);
    expect(() => loadScenario(smallest, { file: 's.yaml', readFile: inRoot })).toThrow(/unknown key "faultScenario"/);
  });

  it('may give ranges, in time, shares and numbers of nodes', () => {
    const [entry] = read(
      `${smallest}  faults:\n    - { kind: crash, every: 2 s .. 6 s, nodes: f+1..n, tornTail: 5 %, share: 1 %..2 % }\n`,
    ).safety.faults;
    expect(entry).toMatchObject({ every: { min: 2_000_000, max: 6_000_000 }, tornTail: 0.05, share: { min: 0.01, max: 0.02 } });
    expect(entry?.nodes).toEqual({ min: { per: 'f', plus: 1 }, max: { per: 'n', plus: 0 } });
    expect([countIn({ per: 'f', plus: 1 }, { n: 7, f: 2 }), countIn({ per: 'n', plus: -1 }, { n: 7, f: 2 })]).toEqual([3, 6]);
  });

  it.each<readonly [string, string, RegExp]>([
    ['a misspelt key', `${smallest}livness: {}\n`, /line 4: unknown key "livness", did you mean "liveness"\?/],
    [
      'a misspelt fault',
      `${smallest}  faults:\n    - { kind: crush }\n`,
      /line 5: safety\.faults\[0\]\.kind: expected one of crash, /,
    ],
    ['a range without a unit', `${smallest}warmUp: 5\n`, /line 4: warmUp: expected a time such as/],
    [
      'a range that begins above its end',
      `${smallest}  faults:\n    - { kind: crash, for: 3 s..1 s }\n`,
      /"3 s\.\.1 s" begins above its end/,
    ],
    ['a count that is none', `${smallest}  liars: most\n`, /line 4: safety\.liars: expected a number of nodes such as/],
  ])('names the line of %s', (_what, text, words) => {
    expect(() => read(text)).toThrow(words);
  });
});

describe('published', () => {
  it('scenarios are all readable, and named as their files', () => {
    const files = readdirSync(path.join(root, 'scenarios/faults')).filter((name) => name.endsWith('.yaml'));
    const long = readdirSync(path.join(root, 'scenarios/faults/long'));
    for (const file of files) expect(`${read(inRoot(`scenarios/faults/${file}`)).name}.yaml`).toBe(file);
    for (const file of long) expect(`${read(inRoot(`scenarios/faults/long/${file}`)).name}.yaml`).toBe(file);
  });

  it('fault-scenario.schema.json is the schema of the code (scripts/write-scenario-reference.ts writes it)', () => {
    expect(JSON.parse(inRoot('scenarios/faults/fault-scenario.schema.json'))).toEqual(faultScenarioSchema);
  });

  it('docs/reference/fault-scenario.md is written from it', () => {
    expect(inRoot('docs/reference/fault-scenario.md')).toBe(faultScenarioReference());
  });
});
