import { encodeFunctionData } from 'viem';
import {
  type GovernedCall,
  type JobConfig,
  jobId,
  ORACLE_REGISTRY_ADDRESS,
  oracleRegistryArtifact,
  PEDAL_ADDRESS,
  pedalArtifact,
} from '../../contracts/index.ts';
import { TreadleError } from '../../errors.ts';
import { account } from '../identifiers.ts';
import { decimal, wholeNumber } from '../numbers.ts';
import { actingOnOracle } from '../oracle-refusals.ts';
import { openOracle } from '../oracle-requests.ts';
import { createOutput } from '../output.ts';
import { amountWei } from '../quantities.ts';

interface Voting {
  readonly rpc: string;
  readonly key: string;
  readonly json?: boolean;
}

interface JobOptions extends Voting {
  readonly fee?: string;
  readonly group?: string;
  readonly quorum?: 'two-thirds' | 'all';
  readonly forfeit?: string;
  readonly specBytes?: string;
  readonly resultBytes?: string;
  readonly requests?: 'taken' | 'refused';
}

const GROUP = { min: 4, max: 127 };
const UINT32 = { min: 1, max: 0xffff_ffff };

/** `treadle oracle vote set-job`: what is not named stays as it is; a new job needs all of it. */
export async function setJob(name: string, options: JobOptions): Promise<void> {
  const given = readJob(options);
  const id = idOf(name);
  const { pedal } = await openOracle(options);
  const config = { ...(await pedal.job(name)), ...given };
  const missing = Object.entries(JOB_OPTIONS).find(([field]) => config[field as keyof JobConfig] === undefined);
  if (missing !== undefined) {
    throw new TreadleError('CLI_BAD_OPTION', { detail: `"${name}" is a new job: ${missing[1]} is missing` });
  }
  const call = encodeFunctionData({ abi: pedalArtifact.abi, functionName: 'setJob', args: [id, config as JobConfig] });
  await approve(`set the job "${name}"`, { target: PEDAL_ADDRESS, call }, options);
}

const JOB_OPTIONS: Readonly<Record<keyof JobConfig, string>> = {
  feeWei: '--fee',
  groupSize: '--group',
  unanimous: '--quorum',
  enabled: '--requests',
  maxSpecBytes: '--spec-bytes',
  maxResultBytes: '--result-bytes',
  forfeit: '--forfeit',
};

function readJob(options: JobOptions): Partial<JobConfig> {
  const { fee, group, quorum, forfeit, specBytes, resultBytes, requests } = options;
  return {
    ...(fee !== undefined && { feeWei: amountWei('--fee', fee) }),
    ...(group !== undefined && { groupSize: wholeNumber('--group', group, GROUP) }),
    ...(quorum !== undefined && { unanimous: quorum === 'all' }),
    ...(forfeit !== undefined && { forfeit: Math.round(decimal('--forfeit', forfeit, { min: 0, max: 100 }) * 100) }),
    ...(specBytes !== undefined && { maxSpecBytes: wholeNumber('--spec-bytes', specBytes, UINT32) }),
    ...(resultBytes !== undefined && { maxResultBytes: wholeNumber('--result-bytes', resultBytes, UINT32) }),
    ...(requests !== undefined && { enabled: requests === 'taken' }),
  };
}

function idOf(name: string): ReturnType<typeof jobId> {
  if (!/^[a-z][a-z0-9.-]{0,31}$/.test(name)) {
    throw new TreadleError('CLI_BAD_OPTION', { detail: `the job is "${name.slice(0, 40)}", expected a name such as data` });
  }
  return jobId(name);
}

/** `treadle oracle vote set-limits`. */
export async function setLimits(options: Voting & { readonly open: string; readonly perRequester: string }): Promise<void> {
  const openRequests = wholeNumber('--open', options.open, UINT32);
  const openPerRequester = wholeNumber('--per-requester', options.perRequester, UINT32);
  const args = [{ openRequests, openPerRequester }] as const;
  const call = encodeFunctionData({ abi: pedalArtifact.abi, functionName: 'setLimits', args });
  await approve(
    `allow ${openRequests} open requests, ${openPerRequester} of one requester`,
    { target: PEDAL_ADDRESS, call },
    options,
  );
}

/** `treadle oracle vote pause` and `resume`. */
export async function setPaused(paused: boolean, options: Voting): Promise<void> {
  const call = encodeFunctionData({ abi: pedalArtifact.abi, functionName: 'setPaused', args: [paused] });
  await approve(paused ? 'pause the oracle' : 'let the oracle go on', { target: PEDAL_ADDRESS, call }, options);
}

/** `treadle oracle vote pay-fund`. */
export async function payFund(
  text: string,
  options: Voting & { readonly amount: string; readonly from: 'deposits' | 'stakes' },
): Promise<void> {
  const to = account('the account', text);
  const amount = amountWei('--amount', options.amount);
  const [target, abi] =
    options.from === 'stakes'
      ? ([ORACLE_REGISTRY_ADDRESS, oracleRegistryArtifact.abi] as const)
      : ([PEDAL_ADDRESS, pedalArtifact.abi] as const);
  const call = encodeFunctionData({ abi, functionName: 'payFund', args: [to, amount] });
  await approve(`pay ${options.amount} to ${to}`, { target, call }, options);
}

/** Approves as a company, and says how many have. */
async function approve(what: string, call: GovernedCall, options: Voting): Promise<void> {
  const out = createOutput(options.json === true);
  const { oracles, key } = await openOracle(options);
  const receipt = await actingOnOracle(oracles.approve(call));
  // The approval that carries a change begins the count anew.
  const { yes, companies } = await oracles.approvals(call);
  const done = yes === 0n;
  out.line(
    done
      ? `Done: more than two thirds of ${companies} companies want to ${what}; since block ${receipt.blockNumber}.`
      : `${key.address} approves to ${what}: ${yes} of ${companies} companies so far, more than two thirds are needed within 14 days.`,
  );
  out.result({
    ...call,
    approvals: yes,
    companies,
    done,
    blockNumber: receipt.blockNumber,
    transactionHash: receipt.transactionHash,
  });
}
