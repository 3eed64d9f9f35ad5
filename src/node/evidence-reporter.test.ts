import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf } from '../../contracts/test/harness.ts';
import { createWorld as createContracts, placeChainFacts } from '../../contracts/test/world.ts';
import { type Evidence, signedContent, signMessage } from '../consensus/index.ts';
import type { LedgerClient } from '../contracts/index.ts';
import type { Address, Hex } from '../crypto/index.ts';
import { createWorld } from '../environment/sim/index.ts';
import { TreadleError } from '../errors.ts';
import { EVIDENCE_TURN_MICROS, EVIDENCE_TURNS_MAX } from '../limits.ts';
import { createEvidenceReporter, turnMicros } from './evidence-reporter.ts';

const DOMAIN = new Uint8Array(32).fill(0xd0);

/** Two commit votes of one key for one place. */
function evidenceOf(name: string, height = 3): Evidence {
  const key = keyOf(name);
  const [first, second] = (['11', '22'] as const).map((byte) => {
    const message = { type: 'commit', height, round: 0, digest: `0x${byte.repeat(32)}` as Hex } as const;
    return { content: signedContent(message), signature: signMessage(DOMAIN, message, key).signature };
  }) as [Evidence['first'], Evidence['second']];
  return { type: 'commit', height, round: 0, signer: key.address, first, second };
}

describe('turns to report', () => {
  const sealers = Array.from({ length: 7 }, (_, at) => keyOf(`sealer ${at}`).address).sort();

  it('have one first reporter for each place, who is not the accused, and nobody waits longer than the most', () => {
    fc.assert(
      fc.property(fc.nat(6), fc.nat(1000), fc.nat(10), (accused, height, round) => {
        const evidence = { ...evidenceOf('x'), signer: sealers[accused] as Address, height, round };
        const turns = sealers.filter((each) => each !== evidence.signer).map((each) => turnMicros(evidence, sealers, each));
        expect([...turns].sort((left, right) => left - right)).toEqual(turns.map((_, at) => at * EVIDENCE_TURN_MICROS));
        expect(turnMicros(evidence, sealers, keyOf('observer').address)).toBe(EVIDENCE_TURNS_MAX * EVIDENCE_TURN_MICROS);
      }),
    );
  });
});

describe('a reporter', () => {
  /** A reporter in a simulated environment that speaks to contracts of a test chain. */
  async function reporting(options: { readonly failures?: number; readonly sealers?: readonly Address[] } = {}) {
    const contracts = await createContracts();
    await placeChainFacts(contracts.chain);
    const world = createWorld({ seed: 1 });
    const self = contracts.companies[0];
    const environment = world.addNode(self.address);
    const sent: Hex[] = [];
    let failures = options.failures ?? 0;
    const { consortium, chain } = contracts;
    const client: LedgerClient = {
      chainId: chain.chainId,
      account: self.address,
      call: ({ functionName, args }) => consortium.read(functionName as never, args as never) as never,
      async transact({ to, data }) {
        sent.push(data ?? '0x');
        if (failures-- > 0) throw new TreadleError('CONTRACT_UNREACHABLE');
        const done = await chain.send(self.address, { to, ...(data !== undefined && { data }) });
        const receipt = { transactionHash: '0x00', blockNumber: chain.height(), gasUsed: done.gasUsed } as const;
        return { ...receipt, succeeded: done.success, logs: done.logs, revertData: done.returnData } as never;
      },
      logs: () => Promise.resolve([]),
      balance: () => Promise.resolve(0n),
    };
    const sealers = options.sealers ?? [self.address];
    const reporter = createEvidenceReporter({
      environment,
      ledger: { pending: () => [], sealers: () => sealers },
      client,
      domain: DOMAIN,
    });
    return { world, reporter, sent, consortium, culprit: 'Brook' };
  }

  it('brings evidence to the contract once, however often it is told', async () => {
    const { world, reporter, sent, consortium, culprit } = await reporting();
    reporter.report(evidenceOf(culprit));
    reporter.report(evidenceOf(culprit));
    await world.runFor(5_000_000);
    expect(sent).toHaveLength(1);
    reporter.report(evidenceOf(culprit));
    await world.runFor(5_000_000);
    expect(sent).toHaveLength(1);
    expect(await consortium.read('quarantinedCount', [])).toBe(1);
  });

  it('tries again when the ledger did not take it', async () => {
    const { world, reporter, sent, consortium, culprit } = await reporting({ failures: 2 });
    reporter.report(evidenceOf(culprit));
    await world.runFor(20_000_000);
    expect(sent).toHaveLength(3);
    expect(await consortium.read('evidenceCount', [])).toBe(1n);
  });

  it('sends nothing that proves nothing, and nothing after it was stopped', async () => {
    const { world, reporter, sent, culprit } = await reporting();
    const good = evidenceOf(culprit);
    reporter.report({ ...good, second: good.first });
    reporter.report({ ...good, signer: keyOf('another').address });
    reporter.report({ ...good, height: 4 });
    await world.runFor(20_000_000);
    expect(sent).toEqual([]);
    reporter.stop();
    reporter.report(good);
    await world.runFor(20_000_000);
    expect(sent).toEqual([]);
    expect(world.log().filter(({ event }) => event === 'evidence.worthless')).toHaveLength(3);
  });
});
