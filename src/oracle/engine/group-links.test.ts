import { describe, expect, it } from 'vitest';
import type { Address } from '../../crypto/index.ts';
import type { NodeId } from '../../environment/index.ts';
import { GroupLinks } from './group-links.ts';
import type { Seat } from './oracle-view.ts';

const node = (at: number): NodeId => `0x${String(at).repeat(40)}` as NodeId;
const seat = (at: number): Seat => ({ id: at, account: node(at) as Address, node: node(at), publicKey: new Uint8Array(48) });

function links(own: number) {
  const reached: NodeId[] = [];
  const state = { term: 3, answerable: true };
  const it = new GroupLinks({
    node: node(own),
    jobs: ['data', 'message'],
    reach: async (to) => {
      reached.push(to);
      throw new Error('it is down');
    },
    view: {
      servingTerm: () => state.term,
      isAnswerable: () => state.answerable,
      group: async (term, size) => ({ term, master: seat(1), members: [2, 3, 4, 5, 6].slice(0, size).map(seat) }),
      pedal: {
        job: async (name) => ({
          feeWei: 1n,
          groupSize: name === 'data' ? 4 : 5,
          unanimous: false,
          maxSpecBytes: 1,
          maxResultBytes: 1,
          forfeit: 0,
          enabled: name === 'data',
        }),
      },
    },
  });
  return { it, reached, state };
}

describe('the links of a group', () => {
  it('are made by its master, once a term, for the largest job that takes requests', async () => {
    const { it: own, reached, state } = links(1);
    await own.look();
    await own.look();
    expect(reached).toEqual([2, 3, 4, 5].map(node));
    state.term = 4;
    await own.look();
    expect(reached).toHaveLength(8);
  });

  it('are left alone by others, and before the election is over', async () => {
    const member = links(2);
    await member.it.look();
    expect(member.reached).toEqual([]);
    const early = links(1);
    early.state.answerable = false;
    await early.it.look();
    expect(early.reached).toEqual([]);
    early.state.answerable = true;
    await early.it.look();
    expect(early.reached).toHaveLength(4);
  });
});
