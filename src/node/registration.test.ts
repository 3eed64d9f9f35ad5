import { expect, it } from 'vitest';
import type { LedgerClient } from '../contracts/index.ts';
import { registerObserver } from './registration.ts';

it('a device without a certificate asks the ledger for nothing', async () => {
  const notAsked = (): never => expect.fail('the ledger is not asked');
  const client: LedgerClient = {
    chainId: 1,
    account: undefined,
    call: notAsked,
    transact: notAsked,
    logs: notAsked,
    balance: notAsked,
  };
  await expect(registerObserver(client, undefined)).rejects.toMatchObject({
    code: 'NODE_MISCONFIGURED',
    detail: expect.stringContaining('certificate'),
  });
});
