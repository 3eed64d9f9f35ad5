import type { MatchQuery, NoMatchReason } from '../../contracts/index.ts';
import { TreadleError } from '../../errors.ts';
import { auditMatches } from '../audit-matches.ts';
import { groundDistanceM } from '../ground-distance.ts';
import { service } from '../identifiers.ts';
import { microDegrees, wholeNumber } from '../numbers.ts';
import { type Operator, openOperator } from '../operator.ts';
import { createOutput, type Output } from '../output.ts';
import { amountWei } from '../quantities.ts';
import { readNames } from '../read-ledger.ts';
import { showCount, showDistance, showWei } from '../text.ts';

export interface MatchOptions {
  readonly latitude?: string;
  readonly longitude?: string;
  readonly service: string;
  readonly maxPrice: string;
  readonly audit?: boolean;
  readonly from: string;
  readonly rpc: string;
  readonly json?: boolean;
}

/** `treadle match`: the best edge node at a position, or an audit of the matches that were made. */
export async function match(options: MatchOptions): Promise<void> {
  const out = createOutput(options.json === true);
  if (options.audit === true) {
    const fromBlock = wholeNumber('--from', options.from, { min: 0, max: Number.MAX_SAFE_INTEGER });
    // An audit that found something wrong has done its work, but must not pass for a good one in a script.
    if (!(await auditMatches(await openOperator(options), { fromBlock, out }))) process.exitCode = 1;
    return;
  }
  const query = readQuery(options);
  await askForMatch(await openOperator(options), { query, service: options.service, out });
}

function readQuery(options: MatchOptions): MatchQuery {
  const { latitude, longitude } = options;
  if (latitude === undefined || longitude === undefined) {
    throw new TreadleError('CLI_BAD_OPTION', {
      detail: 'a position is needed: --latitude and --longitude (or --audit to check past matches)',
    });
  }
  return {
    latitudeE6: microDegrees('--latitude', latitude, 90),
    longitudeE6: microDegrees('--longitude', longitude, 180),
    service: service('--service', options.service),
    maxPriceWei: amountWei('--max-price', options.maxPrice),
  };
}

async function askForMatch(
  { registry, consortium }: Operator,
  { query, service: name, out }: { readonly query: MatchQuery; readonly service: string; readonly out: Output },
): Promise<void> {
  const found = await registry.edgeMatch(query);
  if (!found.matched) {
    const words = noMatchWords(found.reason, { service: name, maxPriceWei: query.maxPriceWei });
    out.line(`No edge node matches: ${words}.`);
    out.result({ matched: false, reason: found.reason, words });
    return;
  }
  const { nodeId, node, priceWei, distanceSquared, considered } = found;
  const [listed, names] = await Promise.all([registry.node(nodeId), readNames(consortium)]);
  const { company, latitudeE6, longitudeE6 } = listed;
  const distanceM = Math.round(groundDistanceM(query, listed));
  const companyName = names.get(company);
  out.line(`Edge node ${nodeId} of ${companyName ?? company}`);
  out.line(`  account     ${node}`);
  out.line(`  price       ${showWei(priceWei)} for one task`);
  out.line(`  distance    about ${showDistance(distanceM)}`);
  out.line(`  places      ${listed.capacity - listed.inUse} of ${listed.capacity} free`);
  out.line(`  chosen      as the nearest that is free and within the limit; ${showCount(considered, 'node')} looked at`);
  const position = { latitude: latitudeE6 / 1e6, longitude: longitudeE6 / 1e6 };
  out.result({ matched: true, nodeId, node, company, companyName, position, priceWei, distanceM, distanceSquared, considered });
}

/** Why nothing matches, in words without a full stop. */
export function noMatchWords(
  reason: NoMatchReason,
  { service: name, maxPriceWei }: { readonly service: string; readonly maxPriceWei: bigint },
): string {
  switch (reason) {
    case 'noneOffersService':
      return `no edge node offers "${name}"`;
    case 'noneHasCapacity':
      return `every edge node that offers "${name}" is busy; try again when a task has ended`;
    case 'allAboveLimit':
      return `every free edge node that offers "${name}" costs more than ${showWei(maxPriceWei)}; raise --max-price`;
    case 'attemptsExhausted':
      return 'the task failed on as many nodes as it may be tried on';
  }
}
