import { runBaselineCell } from '../comparison/index.ts';
import type { Calibration } from '../scenario/index.ts';
import type { CellOutcome, CellResult, FigureCell, Rival, Unit } from './cell.ts';
import { FIGURE_GROUPS, FIGURE_LINE, FIGURE_LOOK_MICROS, FIGURE_WITHIN_MICROS, OPERATED } from './parameters.ts';
import { PedalNetwork } from './pedal-network.ts';

/** Runs the cells of a unit, one after the other. The same unit and calibration give the same results. */
export async function runUnit(unit: Unit, calibration: Calibration): Promise<readonly CellResult[]> {
  const { family, contender, seed, cells } = unit;
  const results: CellResult[] = [];
  const run = contender === 'pedal' ? await pedalRunner(unit, calibration) : baselineRunner(unit, calibration);
  for (const cell of cells) results.push({ family, contender, seed, cell, outcome: await run(cell) });
  return results;
}

type Runner = (cell: FigureCell) => Promise<CellOutcome>;

async function pedalRunner({ nodes, seed, cells }: Unit, { costMicros, syncMicros }: Calibration): Promise<Runner> {
  const network = await PedalNetwork.start({
    nodes,
    seed,
    groupSize: Math.floor(nodes / FIGURE_GROUPS),
    line: FIGURE_LINE,
    transactionsMax: Math.max(...cells.map(({ transactions }) => transactions)),
    lookMicros: FIGURE_LOOK_MICROS,
    costMicros,
    syncMicros,
  });
  return (cell) => network.run(cell, FIGURE_WITHIN_MICROS);
}

function baselineRunner({ contender, seed }: Unit, { costMicros }: Calibration): Runner {
  const isOperated = contender.endsWith(LIMITS);
  const engine = contender.replace(LIMITS, '') as Rival;
  const { bitsPerSecond, latencyMicros, jitterMicros, blockIntervalMicros } = FIGURE_LINE;
  return async (cell) => {
    const result = await runBaselineCell(
      engine,
      { ...cell, entry: 'spread', bitsPerSecond, latencyMicros },
      {
        seed,
        withinMicros: FIGURE_WITHIN_MICROS,
        groups: FIGURE_GROUPS,
        jitterMicros,
        batchMicros: blockIntervalMicros,
        costMicros,
        ...(isOperated && { operated: OPERATED }),
      },
    );
    const { finished, committed, makespanMs, latencyMs, networkBytes, messages, viewChanges } = result;
    return {
      finished,
      committed,
      makespanMs,
      latencyMs,
      ioBytes: networkBytes,
      outsideBytes: 0,
      messages,
      reads: 0,
      viewChanges,
      bytesOfKinds: {},
    };
  };
}

const LIMITS = ' (limits)';
