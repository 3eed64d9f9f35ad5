import { encodeLaneAnswer, knownHeader } from '../../src/contracts/index.ts';
import {
  commit,
  createOraclePair,
  createPair,
  delivery,
  execute,
  last,
  place,
  type SentMessage,
  send,
  settle,
  settlement,
  write,
} from './cross-ledger-fixture.ts';

const BATCH = 10;
/** Messages in the lane before: proofs have five hashes. */
const BEFORE = 20;

/** Gas of calls between ledgers: what is sent, what is done there, and the two ways to believe a root. */
export async function crossLedgerGas(): Promise<Record<string, number>> {
  const gas = await laneGas();
  for (const sealers of [4, 7, 31]) gas[`Inbox.commitByCertificate (${sealers} sealers)`] = await certificateGas(sealers);
  gas['Inbox.commitByCertificate (header known)'] = await knownHeaderGas();
  gas['Inbox.ask'] = await askGas();
  for (const size of [4, 9, 31]) gas[`Pedal.answer to the Inbox (group of ${size})`] = await groupGas(size);
  return gas;
}

async function laneGas(): Promise<Record<string, number>> {
  const gas: Record<string, number> = {};
  const note = (name: string, { gasUsed }: { readonly gasUsed: bigint }) => {
    gas[name] = Number(gasUsed);
  };
  const pair = await createPair();
  const { north, south } = pair;
  for (let count = 0; count < BEFORE; count++) await send(north);
  await north.chain.fund(NORTH_SENDER, 10_000n);
  const data = `0x${'ab'.repeat(128)}`;
  const args = [south.id, NORTH_SENDER, data, BigInt(north.chain.now() + 600), 100_000, 0];
  note('Outbox.send (128 bytes)', await write(north, north.outbox, 'send', args, { from: NORTH_SENDER, value: 1_000n }));
  const single = last(north.sent);
  const many: SentMessage[] = [];
  for (let count = 0; count < BATCH; count++) many.push(await send(north));
  const late = await send(north, { seconds: 20 });
  await pair.carry(north, south);
  await execute(north, south, north.sent[0] as SentMessage);
  note('Inbox.execute (no contract there)', await execute(north, south, single));
  const deliveries = many.map((message) => delivery(north, message));
  note(`Inbox.executeMany, ${BATCH} (no contract there)`, await write(south, south.inbox, 'executeMany', [deliveries]));
  pair.advance(20);
  note('Inbox.expire', await write(south, south.inbox, 'expire', [late.envelope, place(north, late.index)]));
  await pair.carry(south, north);
  note('Outbox.settle', await settle(north, south, single));
  const settlements = many.map((message) => settlement(south, message));
  note(`Outbox.settleMany, ${BATCH}`, await write(north, north.outbox, 'settleMany', [settlements]));
  const lost = await send(north, { seconds: 20 });
  pair.advance(20 + 7_200);
  note('Outbox.giveUp', await write(north, north.outbox, 'giveUp', [lost.envelope]));
  return gas;
}

const NORTH_SENDER = '0x00000000000000000000000000000000000c00aa';

/** A later commit of a lane, with the parent header: what a relayer sends again and again. */
async function certificateGas(sealers: number): Promise<number> {
  const { north, south, carry } = await createPair({ sealers });
  await send(north);
  await carry(north, south);
  await send(north);
  await north.seal();
  await north.seal();
  return Number(await commit(north, south));
}

/** A later answer of a group to the Inbox, with its callback. */
async function groupGas(groupSize: number): Promise<number> {
  const { away, ask, answer, laneAnswer } = await createOraclePair('group', groupSize);
  await send(away);
  await answer(await ask(), encodeLaneAnswer(laneAnswer()));
  await send(away);
  return Number((await answer(await ask(), encodeLaneAnswer(laneAnswer()))).gasUsed);
}

async function knownHeaderGas(): Promise<number> {
  const { north, south } = await createPair();
  await send(north);
  await north.seal();
  await write(south, south.headers, 'advance', [north.id, north.sealing.evidence(0, 1)]);
  const proven = [north.id, knownHeader(north.sealing.header(1).rlp), await north.laneProof()];
  return Number((await write(south, south.inbox, 'commitByCertificate', proven)).gasUsed);
}

async function askGas(): Promise<number> {
  const { home, away } = await createOraclePair('group');
  await home.chain.fund(NORTH_SENDER, 1_000n);
  const args = [away.id, 0n, BigInt(home.chain.now() + 60)];
  return Number((await write(home, home.inbox, 'ask', args, { from: NORTH_SENDER, value: 1_000n })).gasUsed);
}
