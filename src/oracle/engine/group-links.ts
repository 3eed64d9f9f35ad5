import type { PedalClient } from '../../contracts/index.ts';
import type { NodeId } from '../../environment/index.ts';
import type { LedgerView } from '../chain/ledger-view.ts';

interface Options {
  readonly view: Pick<LedgerView, 'servingTerm' | 'isAnswerable' | 'group'> & { readonly pedal: Pick<PedalClient, 'job'> };
  readonly node: NodeId;
  /** Names of the jobs that this node does. */
  readonly jobs: readonly string[];
  readonly reach: (node: NodeId) => Promise<void>;
}

/** Connects a master with its group as soon as it is elected: its first round need not wait for three round trips of handshakes. */
export class GroupLinks {
  readonly #options: Options;
  #done = -1;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Called after each block; acts once for each term. */
  async look(): Promise<void> {
    const { view, node, jobs } = this.#options;
    const term = view.servingTerm();
    if (term === this.#done || !view.isAnswerable(term)) return;
    this.#done = term;
    const configs = await Promise.all(jobs.map((job) => view.pedal.job(job)));
    // A larger group begins with the smaller one.
    const size = Math.max(0, ...configs.map((config) => (config?.enabled === true ? config.groupSize : 0)));
    const group = size === 0 ? undefined : await view.group(term, size);
    if (group?.master.node !== node) return;
    // Who cannot be reached now is tried again by the round that needs it.
    for (const member of group.members) void this.#options.reach(member.node).catch(() => undefined);
  }
}
