import { describe, expect, it } from 'vitest';
import { createApi } from '../create-api.ts';
import { createFixtureEnvironment } from '../testing/api-environment.ts';
import { FIXTURE_PEER } from '../testing/fixture-lanes.ts';
import { createFixtureWorld } from '../testing/fixture-world.ts';
import type { LaneMessageDetail, LaneMessageRow, LanesView, Page } from '../types.ts';

const { ledger, consortium } = createFixtureWorld({
  edgeNodes: 2,
  devices: 1,
  tasks: 2,
  channels: 1,
  oracle: true,
  endMs: Date.now(),
});
const api = createApi({ environment: createFixtureEnvironment(), ledger, treadle: consortium.treadle(ledger) });

async function ask<T>(path: string, status = 200): Promise<T> {
  const [plain = '', search = ''] = path.split('?');
  const query = Object.fromEntries(new URLSearchParams(search));
  const response = await api.handle({ method: 'GET', path: plain, query, headers: {}, body: new Uint8Array() });
  expect(response.status, String(response.body)).toBe(status);
  return JSON.parse(String(response.body)) as T;
}

const list = (query = '') => ask<Page<LaneMessageRow>>(`/api/messages?${query}`);

describe('messages between ledgers', () => {
  it('are listed newest first, with what became of them', async () => {
    const { items } = await list();
    expect(items.map(({ direction, nonce, state }) => `${direction} ${nonce} ${state}`)).toEqual([
      'in 2 expired',
      'in 1 executed',
      'out 4 sent',
      'out 3 given up',
      'out 2 failed',
      'out 1 executed',
    ]);
  });

  it('are found by state, direction, ledger and sender', async () => {
    expect((await list('state=given up')).items.map(({ nonce }) => nonce)).toEqual(['3']);
    expect((await list('direction=in')).total).toBe(2);
    expect((await list(`peer=${FIXTURE_PEER}`)).total).toBe(6);
    expect((await list('peer=1')).total).toBe(0);
    expect((await list('search=baxter')).total).toBe(4);
    await ask('/api/messages?direction=up', 400);
  });

  it('tell their steps', async () => {
    const first = await ask<LaneMessageDetail>(`/api/messages/out-${FIXTURE_PEER}-1`);
    expect(first).toMatchObject({ state: 'executed', depositWei: String(10n ** 15n), data: '0xc0ffee' });
    expect(first.history.map(({ what }) => what)).toEqual(['sent', 'settled: executed', 'taken by its sender']);
    expect(await ask<LaneMessageDetail>(`/api/messages/in-${FIXTURE_PEER}-2`)).toMatchObject({ state: 'expired', sender: null });
    await ask('/api/messages/out-1-1', 404);
  });

  it('go over lanes, whose roots are believed in a way that is told', async () => {
    const { lanes, chainId } = await ask<LanesView>('/api/lanes');
    expect(chainId).toBe(ledger.chainId);
    expect(lanes).toMatchObject([{ peer: String(FIXTURE_PEER), received: 2, believed: { size: 6, height: 4_812, way: 'both' } }]);
  });
});
