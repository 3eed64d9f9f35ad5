import { quorumOf } from '../../../contracts/index.ts';
import { API_TERMS_SHOWN } from '../../../limits.ts';
import { type ChainContext, nowMs } from '../context.ts';
import type { OracleJobView, OracleNodeView, OracleOverview } from '../types.ts';
import { reading, Seats, termRow, termView } from './oracle-term.ts';

/** Jobs that are there from the beginning; others show with the first request of theirs. */
const FIRST_JOBS = ['data', 'message', 'compute'];
const GROUP_SIZE_MIN = 4;

/**
 * The oracle as its contracts have it now.
 *
 * @throws {@link TreadleError} API_NOT_FOUND where a ledger has no oracle
 */
export async function showOracle(context: ChainContext): Promise<OracleOverview> {
  const { oracle, projection, ledger, names } = context;
  const { pedal, registry } = oracle;
  const [settings, stakes, limits, paused] = await reading(
    Promise.all([pedal.settings(), registry.settings(), pedal.limits(), pedal.paused()]),
  );
  const [fundWei, stakeFundWei, open, jobs] = await Promise.all([
    pedal.fundWei(),
    registry.fundWei(),
    pedal.pendingCount(),
    jobViews(context),
  ]);
  const termBlocks = Number(settings.termBlocks);
  const number = Math.floor(ledger.head.number / termBlocks);
  const seats = new Seats(context);
  const groupSize = Math.min(...jobs.filter(({ enabled }) => enabled).map((job) => job.groupSize));
  const term = await termView(context, number, {
    seats,
    termBlocks,
    electBlocks: Number(settings.electBlocks),
    groupSize: Number.isFinite(groupSize) ? groupSize : GROUP_SIZE_MIN,
  });
  const part = (id: number): OracleNodeView['part'] =>
    id === term.master?.id ? 'master' : term.group.some((member) => member.id === id) ? 'group' : 'reserve';
  const terms = await Promise.all(
    [...projection.terms.newest()]
      .sort((left, right) => right.term - left.term)
      .slice(0, API_TERMS_SHOWN)
      .map((entry) => termRow(context, entry.term, seats)),
  );
  return {
    nowMs: nowMs(context),
    head: ledger.head.number,
    paused,
    settings: {
      termBlocks,
      electBlocks: Number(settings.electBlocks),
      expectedWinners: Number(settings.expectedWinners),
      stageBlocks: Number(settings.stageBlocks),
      silenceBlocks: Number(settings.silenceBlocks),
      silenceSlashWei: settings.silenceSlashWei.toString(),
      minStakeWei: stakes.minStakeWei.toString(),
      exitBlocks: Number(stakes.exitBlocks),
      nodesPerMember: Number(stakes.nodesPerMember),
    },
    jobs,
    term,
    nodes: await nodeViews(context, number, part),
    counts: projection.requests.counts(),
    openRequests: { open: Number(open), atMost: limits.openRequests, perRequester: limits.openPerRequester },
    fundWei: fundWei.toString(),
    stakeFundWei: stakeFundWei.toString(),
    terms: terms.filter((row) => row !== undefined),
    slashes: projection.terms.slashes.map(({ id, account, reporter, wei, offence, place }) => ({
      id,
      ...names.partyOf(account),
      wei: wei.toString(),
      offence,
      reporter: names.partyOf(reporter),
      blockNumber: place.blockNumber,
      timestampMs: place.timestampMs,
      transactionHash: place.transactionHash,
    })),
    index: projection.progress(),
  };
}

/** The nodes of the present term and those that join with the next one. */
async function nodeViews(
  { oracle, names }: ChainContext,
  term: number,
  part: (id: number) => OracleNodeView['part'],
): Promise<OracleNodeView[]> {
  const { registry, pedal } = oracle;
  const [present, next] = await Promise.all([registry.setOf(BigInt(term)), registry.setOf(BigInt(term + 1))]);
  const ids = [...new Set([...present, ...next])].sort((left, right) => left - right);
  return Promise.all(
    ids.map(async (id): Promise<OracleNodeView> => {
      const node = await registry.node(id);
      const owed = await Promise.all([pedal.owedTo(node.account), registry.owedTo(node.account)]);
      return {
        id,
        ...names.partyOf(node.account),
        member: names.partyOf(node.member),
        stakeWei: node.stakeWei.toString(),
        state: node.state === 'none' ? 'gone' : node.state,
        inSet: present.includes(id),
        inNextSet: next.includes(id),
        owedWei: (owed[0] + owed[1]).toString(),
        publicKey: node.publicKey,
        part: part(id),
      };
    }),
  );
}

async function jobViews({ oracle, projection }: ChainContext): Promise<OracleJobView[]> {
  const names = new Set([...FIRST_JOBS, ...projection.requests.jobs()]);
  const views = await Promise.all(
    [...names].map(async (name): Promise<OracleJobView | undefined> => {
      const job = await oracle.pedal.job(name);
      if (job === undefined) return undefined;
      const { feeWei, groupSize, unanimous, enabled, maxSpecBytes, maxResultBytes, forfeit } = job;
      const quorum = quorumOf(groupSize, unanimous);
      return { name, feeWei: feeWei.toString(), groupSize, quorum, enabled, maxSpecBytes, maxResultBytes, forfeit };
    }),
  );
  return views.filter((view) => view !== undefined);
}
