import { describe, expect, it } from 'vitest';
import { Campaign, runFaultScenario, swarmScenario } from '../../src/experiments/faults/index.ts';

const SEEDS = 16;
/** On a machine that does much else at the same time. */
const TIMEOUT_MS = 240_000;
const NODES_MAX = 7;

describe('the swarm', () => {
  it('draws its scenarios from the seed alone', () => {
    expect(swarmScenario(11)).toEqual(swarmScenario(11));
    expect(swarmScenario(11)).not.toEqual(swarmScenario(12));
    expect(swarmScenario(11, 7).nodes).toEqual([7]);
  });

  it('draws every kind of fault and of liar', () => {
    const scenarios = Array.from({ length: 300 }, (_, seed) => swarmScenario(seed).safety);
    const faults = new Set(scenarios.flatMap((safety) => safety.faults.map(({ kind }) => kind)));
    const liars = new Set(scenarios.flatMap(({ kinds }) => kinds));
    expect(faults.size).toBe(18);
    expect(liars.size).toBe(15);
  });

  it(
    `stays safe and comes back to life with ${SEEDS} seeds, and reaches rare states on the way`,
    async () => {
      const campaign = new Campaign();
      let done = 0;
      for (let seed = 1; done < SEEDS; seed++) {
        const scenario = swarmScenario(seed);
        // The large ones are for the campaign.
        if ((scenario.nodes[0] as number) > NODES_MAX) continue;
        done += 1;
        const failed = campaign.add(await runFaultScenario(scenario, { seed, replay: `treadle fuzz --seeds ${seed}..${seed}` }));
        expect(failed, failed?.replay).toBeUndefined();
      }
      const { sometimes, runs, violations, notLive } = campaign.summary();
      expect({ runs, violations, notLive }).toEqual({ runs: SEEDS, violations: 0, notLive: 0 });
      for (const state of [
        'round above 0 committed',
        'block fetched by catching up',
        'body pulled from a peer',
        'failed proposer passed over',
      ]) {
        expect(sometimes[state]?.runs, state).toBeGreaterThan(0);
      }
    },
    TIMEOUT_MS,
  );
});
