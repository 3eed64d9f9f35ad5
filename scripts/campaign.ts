/**
 * The long fault campaign: every scenario at its sizes and the swarm, seed after seed, until the time is over; writes
 * docs/qa/<version>.md. `node scripts/campaign.ts [--minutes 60] [--from SEED] [--report FILE]`
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runCampaign } from '../src/cli/commands/fuzz.ts';
import { faultScenarioFiles, longFaultScenarioFiles } from '../src/cli/fault-library.ts';
import { createOutput } from '../src/cli/output.ts';
import { VERSION } from '../src/cli/version.ts';
import { FOUND_HEADING, qaPage } from '../src/experiments/faults/index.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, from: { type: 'string', default: '1' }, report: { type: 'string' } },
});
const minutes = Number(values.minutes);
const from = Number(values.from);
const workers = availableParallelism();

const { campaign, wallMs, lastSeed } = await runCampaign(
  {
    // As many swarm runs as scenario runs: each finds what the other does not.
    files: faultScenarioFiles().flatMap((file) => [file, undefined]),
    once: longFaultScenarioFiles(),
    from,
    to: Number.MAX_SAFE_INTEGER,
    minutes,
    workers,
    ...(values.report !== undefined && { report: values.report }),
  },
  createOutput(false),
);
const page = path.resolve(import.meta.dirname, `../docs/qa/${VERSION}.md`);
const before = existsSync(page) ? readFileSync(page, 'utf8').split(FOUND_HEADING)[1] : undefined;
mkdirSync(path.dirname(page), { recursive: true });
writeFileSync(
  page,
  qaPage({
    version: VERSION,
    summary: campaign.summary(),
    seeds: `${from} to ${lastSeed} of every scenario and of the swarm`,
    machine: `${workers} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.versions.node}`,
    wallMinutes: wallMs / 60_000,
    command: `npm run campaign -- --minutes ${minutes}`,
    found: before?.replace(/^\s*None yet\.\s*$/, '') ?? '',
  }),
);
process.stdout.write(`${page}\n`);
if (campaign.failures > 0 || campaign.summary().missed.length > 0) process.exitCode = 1;
