import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSupervisor, type ProcessPlan, type Supervised, type Supervisor } from './supervisor.ts';
import { runTreadle } from './testing/run-treadle.ts';

const GRACE_MS = 20_000;
let root: string;
const supervisors: Supervisor[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'treadle-supervisor-'));
  const ports = ['--peer-port', '29400', '--rpc-port', '29500', '--console-port', '29600'];
  expect(await runTreadle('init', '--folder', join(root, 'new'), '--edges', '0', '--devices', '0', ...ports)).toMatchObject({
    exitCode: 0,
  });
});
afterEach(() => Promise.all(supervisors.splice(0).map((supervisor) => supervisor.stop(0))));
afterAll(() => rm(root, { recursive: true, force: true }));

function supervise(): Supervisor {
  const supervisor = createSupervisor(join(root, 'logs'));
  supervisors.push(supervisor);
  return supervisor;
}

const node = (name: string, stage: number): ProcessPlan => ({ name, stage, args: ['node', '--folder', join(root, 'new', name)] });
const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('the supervisor of node processes', () => {
  it('says which process died at once, and where it said why', async () => {
    const supervisor = supervise();
    const failure = await supervisor.start({ ...node('nobody', 0), name: 'stillborn' }).catch((error: unknown) => error);
    const log = join(root, 'logs', 'stillborn.log');
    expect(failure).toMatchObject({
      code: 'CLI_NODE_FAILED',
      detail: `stillborn ended (exit code 1) before it was ready; see ${log}`,
    });
    expect(await readFile(log, 'utf8')).toMatch(/node\.json cannot be read \(ENOENT\).*\[CLI_FOLDER_MISSING\]/);
    expect(supervisor.processes.get('stillborn')?.exited).toEqual({ code: 1, signal: null });
    await supervisor.stop(GRACE_MS);
  });

  it('keeps reports, stops the last stage first, and starts nothing after that', async () => {
    const supervisor = supervise();
    const ended: string[] = [];
    supervisor.onExit(({ plan, exited }: Supervised) => ended.push(`${plan.name} ${exited?.code}`));
    const plans = [node('centre', 0), node('company-1', 1), node('company-2', 2)];
    const started = await Promise.all(plans.map((plan) => supervisor.start(plan)));
    expect(started.map(({ report }) => report)).toMatchObject([{ role: 'centre' }, { role: 'company' }, { role: 'company' }]);
    expect(new Set(started.map(({ report }) => report?.consoleUrl)).size).toBe(3);
    await supervisor.stop(GRACE_MS);
    expect(ended).toEqual(['company-2 0', 'company-1 0', 'centre 0']);
    for (const { process: child } of started) expect(isRunning(child.pid as number)).toBe(false);
    await expect(supervisor.start(node('centre', 0))).rejects.toMatchObject({
      code: 'CLI_NODE_FAILED',
      detail: expect.stringContaining('was not started'),
    });
    expect(supervisor.processes.size).toBe(3);
    await supervisor.stop(GRACE_MS);
  });

  it('kills who does not stop in time', async () => {
    const supervisor = supervise();
    const { process: child } = await supervisor.start(node('company-3', 0));
    // A stopped process hears of no signal but the last one.
    process.kill(child.pid as number, 'SIGSTOP');
    await supervisor.stop(200);
    expect(supervisor.processes.get('company-3')?.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });
});
