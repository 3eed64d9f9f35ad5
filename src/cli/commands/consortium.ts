import type { Address, Hex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { account, recordNumber, service } from '../identifiers.ts';
import { microDegrees, wholeNumber } from '../numbers.ts';
import { openOperator } from '../operator.ts';
import { createOutput } from '../output.ts';
import { proposalDocument, proposalLine } from '../proposal-text.ts';
import { type ProposalChoice, readChange } from '../proposed-change.ts';
import { amountWei } from '../quantities.ts';
import { readAll, readNames } from '../read-ledger.ts';
import { acting } from '../refusals.ts';
import { showCount, showInstant, showWei, showWhen } from '../text.ts';

export { certify, register } from '../certificates.ts';
export { evidence } from '../evidence-list.ts';
export { rotateKey } from '../rotate-key.ts';

interface Reading {
  readonly rpc: string;
  readonly json?: boolean;
}

interface Acting extends Reading {
  readonly key: string;
}

/** `treadle consortium members`: companies, proxy, sealers and the votes under way. */
export async function members(options: Reading): Promise<void> {
  const out = createOutput(options.json === true);
  const { consortium } = await openOperator(options);
  const [proxy, sealers, companies, proposals, quarantined] = await Promise.all([
    consortium.proxy(),
    consortium.sealers(),
    readAll((page) => consortium.companies(page)),
    readAll((page) => consortium.proposals(page)),
    consortium.quarantined(),
  ]);
  const { sealer: proxySealer } = await consortium.seat(proxy);
  const open = proposals.filter((proposal) => proposal.state === 'open').reverse();
  const names = new Map<Address, string>([
    [proxy, 'proxy'],
    [proxySealer, 'proxy'],
    ...companies.flatMap(({ account: each, sealer, name }) => [[each, name] as const, [sealer, name] as const]),
  ]);
  const keyOf = (each: Address, sealer: Address): string =>
    quarantined.includes(each) ? 'in quarantine' : sealer === each ? 'its account' : sealer;
  const nameOf = (address: Address): string => names.get(address) ?? address;
  out.table([
    { name: 'proxy', account: proxy, role: 'proxy', 'seals with': keyOf(proxy, proxySealer), since: '' },
    ...companies.map(({ account: each, name, sealer, since }) => ({
      name,
      account: each,
      role: 'company',
      'seals with': keyOf(each, sealer),
      since: showInstant(Number(since) * 1000),
    })),
  ]);
  out.line();
  out.line(`${showCount(sealers.length, 'sealer')} for the next block: ${sealers.map(nameOf).join(', ')}`);
  if (quarantined.length > 0) {
    out.line(
      `In quarantine: ${quarantined.map(nameOf).join(', ')}. The proof is in treadle consortium evidence; the other companies let it back in with propose --reinstate, or remove it.`,
    );
  }
  out.line();
  out.line(open.length === 0 ? 'No votes are under way.' : `${showCount(open.length, 'vote')} under way:`);
  for (const proposal of open)
    out.line(`  ${proposalLine(proposal, { companies: companies.length, nameOf, nowMs: Date.now() })}`);
  out.result({
    proxy,
    proxySealer,
    sealers,
    quarantined,
    companies: companies.map(({ account: each, name, sealer, since }) => ({
      account: each,
      name,
      sealer,
      since: showInstant(Number(since) * 1000),
    })),
    proposals: open.map((proposal) => proposalDocument(proposal, companies.length)),
  });
}

/** `treadle consortium observers`: every device, edge node and oracle node that was ever registered. */
export async function observers(options: Reading): Promise<void> {
  const out = createOutput(options.json === true);
  const { consortium } = await openOperator(options);
  const [known, names] = await Promise.all([readAll((page) => consortium.observers(page)), readNames(consortium)]);
  const now = Date.now();
  out.table(
    known.map(({ observer, role, company, standing, expiresAt }) => ({
      observer,
      role: roleText[role],
      company: names.get(company) ?? company,
      standing: standingText[standing],
      expires: showWhen(Number(expiresAt) * 1000, now),
    })),
  );
  out.result({
    observers: known.map(({ expiresAt, ...rest }) => ({ ...rest, expiresAt: showInstant(Number(expiresAt) * 1000) })),
  });
}

const roleText = {
  none: 'none',
  device: 'device',
  edgeNode: 'edge node',
  centre: 'centre',
  company: 'company',
  proxy: 'proxy',
  oracle: 'oracle node',
} as const;
const standingText = {
  unknown: 'unknown',
  active: 'active',
  expired: 'expired',
  revoked: 'revoked',
  companyLeft: 'its company left',
} as const;

/** `treadle consortium propose`: puts a change to the vote; the proposer is for it. */
export async function propose(options: Acting & ProposalChoice): Promise<void> {
  const out = createOutput(options.json === true);
  const change = readChange(options);
  const { consortium } = await openOperator(options);
  const { id, receipt } = await acting(consortium.propose(change));
  const [proposal, count] = await Promise.all([consortium.proposal(id), consortium.companyCount()]);
  const companies = Number(count);
  out.line(proposalLine(proposal, { companies, nameOf: (address) => address, nowMs: Date.now() }));
  if (proposal.state === 'open') out.line(`The other companies vote with: treadle consortium vote ${id} --key FILE`);
  out.result({ proposal: proposalDocument(proposal, companies), ...placeOf(receipt) });
}

/** `treadle consortium vote`: a company's vote, once. */
export async function vote(id: string, options: Acting & { readonly no?: boolean }): Promise<void> {
  const out = createOutput(options.json === true);
  const number = recordNumber('proposal', id);
  const { consortium } = await openOperator(options);
  const { executed, waitsFor, receipt } = await acting(consortium.vote({ id: number, approve: options.no !== true }));
  const [proposal, count] = await Promise.all([consortium.proposal(number), consortium.companyCount()]);
  const companies = Number(count);
  out.line(proposalLine(proposal, { companies, nameOf: (address) => address, nowMs: Date.now() }));
  if (executed) out.line('The change is made; the sealers follow it from the next block on.');
  out.result({ executed, waitsFor, proposal: proposalDocument(proposal, companies), ...placeOf(receipt) });
}

/** `treadle consortium execute`: carries out a change that has its votes and had to wait. */
export async function execute(id: string, options: Acting): Promise<void> {
  const out = createOutput(options.json === true);
  const number = recordNumber('proposal', id);
  const { consortium } = await openOperator(options);
  const receipt = await acting(consortium.execute(number));
  const [proposal, count] = await Promise.all([consortium.proposal(number), consortium.companyCount()]);
  out.line(`The change is made in block ${receipt.blockNumber}; the sealers follow it from the next block on.`);
  out.result({ executed: true, proposal: proposalDocument(proposal, Number(count)), ...placeOf(receipt) });
}

/** `treadle consortium revoke`: shuts a device or edge node out. */
export async function revoke(address: string, options: Acting): Promise<void> {
  const out = createOutput(options.json === true);
  const observer = account('the address', address);
  const { consortium } = await openOperator(options);
  const receipt = await acting(consortium.revokeObserver(observer));
  out.line(`${observer} is shut out since block ${receipt.blockNumber}. A new certificate that ends later lets it in again.`);
  out.result({ observer, ...placeOf(receipt) });
}

/** `treadle consortium fund`: sends money. */
export async function fund(address: string, options: Acting & { readonly amount: string }): Promise<void> {
  const out = createOutput(options.json === true);
  const to = account('the address', address);
  const value = amountWei('--amount', options.amount);
  if (value === 0n) throw new TreadleError('CLI_BAD_OPTION', { detail: '--amount is 0' });
  const { client, key } = await openOperator(options);
  const ownWei = await client.balance(key.address);
  if (ownWei < value) {
    throw new TreadleError('CLI_BAD_OPTION', {
      detail: `--amount is ${showWei(value)}, the account ${key.address} has ${showWei(ownWei)}`,
    });
  }
  const receipt = await acting(client.transact({ to, value }));
  const balanceWei = await client.balance(to);
  out.line(`${to} has ${showWei(balanceWei)} since block ${receipt.blockNumber}.`);
  out.result({ from: key.address, to, amountWei: value, balanceWei, ...placeOf(receipt) });
}

export interface AddNodeOptions extends Acting {
  readonly node: string;
  readonly latitude: string;
  readonly longitude: string;
  readonly capacity: string;
  readonly price: string;
  readonly service: readonly string[];
}

/** `treadle consortium add-node`: lists an edge node for matching. */
export async function addNode(options: AddNodeOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const node = account('--node', options.node);
  const offer = {
    latitudeE6: microDegrees('--latitude', options.latitude, 90),
    longitudeE6: microDegrees('--longitude', options.longitude, 180),
    capacity: wholeNumber('--capacity', options.capacity, { min: 1, max: 65_535 }),
    priceWei: amountWei('--price', options.price),
    services: options.service.map((name) => service('--service', name)),
  };
  const { registry } = await openOperator(options);
  const { id, receipt } = await acting(registry.addNode(node, offer));
  out.line(`${node} is listed as node ${id} since block ${receipt.blockNumber}, at ${showWei(offer.priceWei)} for one task.`);
  out.result({ nodeId: id, node, ...offer, services: options.service, ...placeOf(receipt) });
}

/** `treadle consortium withdraw-node`: takes an edge node out of matching. */
export async function withdrawNode(id: string, options: Acting): Promise<void> {
  const out = createOutput(options.json === true);
  const nodeId = recordNumber('node', id);
  const { registry } = await openOperator(options);
  const receipt = await acting(registry.withdrawNode(nodeId));
  out.line(`Node ${nodeId} gets no more tasks since block ${receipt.blockNumber}; those under way may still be completed.`);
  out.result({ nodeId, ...placeOf(receipt) });
}

function placeOf({ blockNumber, transactionHash }: { readonly blockNumber: number; readonly transactionHash: Hex }) {
  return { blockNumber, transactionHash };
}
