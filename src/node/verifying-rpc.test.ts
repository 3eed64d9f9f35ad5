import { beforeEach, describe, expect, it } from 'vitest';
import { type Hex, type NodeKey, toHex } from '../crypto/index.ts';
import type { NodeId } from '../environment/index.ts';
import { callData, GOVERNANCE, replaceSealersData, testKey } from '../ledger/testing/fixtures.ts';
import { followHead, followHeaders } from '../light/index.ts';
import type { NodeCall, RpcCall } from './rpc-service.ts';
import { type ServedChain, serveChain } from './testing/served-chain.ts';
import { createVerifyingCall } from './verifying-rpc.ts';

const NODE: NodeId = `0x${'1'.repeat(40)}`;
const set = (key: number, value: number): Uint8Array => callData('set(uint256,uint256)', key, value);
const sealers = (first: number): readonly NodeKey[] =>
  [0, 1, 2, 3].map((at) => testKey(first + at)).sort((left, right) => (left.address < right.address ? -1 : 1));
const addressesOf = (keys: readonly NodeKey[]) => keys.map(({ address }) => address);

/** Changes what the full node answers to a method. */
type Lie = Readonly<Record<string, (answer: never) => unknown>>;

interface ToldReceipt {
  readonly logs: readonly [{ readonly topics: readonly Hex[] }];
}
interface ToldProof {
  readonly proof: readonly Hex[];
  readonly certificate: ToldCertificate;
}
interface ToldHeader {
  readonly number: number;
  readonly certificate: ToldCertificate;
}
interface ToldCertificate {
  readonly signatures: readonly Hex[];
}

describe('what a full node tells a light node', () => {
  let chain: ServedChain;
  let hash: Hex;
  let other: Hex;
  let asked: string[];

  beforeEach(async () => {
    chain = await serveChain();
    hash = await chain.block(set(3, 33));
    other = await chain.block(set(4, 44));
    asked = [];
  });

  /** The light node's call to a full node that lies like this. */
  function call(lie: Lie = {}): (method: string, params: readonly unknown[]) => Promise<unknown> {
    const told: NodeCall = async (_node, method, params) => {
      asked.push(method);
      const answer = await chain.rpc.call(method, params);
      return lie[method] === undefined ? answer : lie[method](structuredClone(answer) as never);
    };
    const verified = createVerifyingCall(told, chain.light);
    return (method, params) => chain.consortium.world.run(verified(NODE, method, params));
  }

  it.each(['treadle_awaitReceipt', 'eth_getTransactionReceipt'])('in %s is believed when it is proved', async (method) => {
    const params = method === 'treadle_awaitReceipt' ? [hash, 1_000] : [hash];
    expect(await call()(method, params)).toEqual(await chain.consortium.world.run(chain.rpc.call(method, params)));
    expect(asked).toContain('treadle_receiptProof');
    expect(chain.light.head.number).toBe(1);
  });

  it('of a transaction that is in no block needs no proof, nor does anything else', async () => {
    expect(await call()('eth_getTransactionReceipt', [`0x${'ab'.repeat(32)}`])).toBeNull();
    expect(await call()('eth_blockNumber', [])).toBe('0x2');
    expect(asked).toEqual(['eth_getTransactionReceipt', 'eth_blockNumber']);
  });

  const receiptLies: readonly (readonly [string, (receipt: ToldReceipt) => unknown])[] = [
    ['the name of another transaction', (receipt) => ({ ...receipt, transactionHash: `0x${'ab'.repeat(32)}` })],
    ['another status', (receipt) => ({ ...receipt, status: '0x0' })],
    ['other data in a log', (receipt) => ({ ...receipt, logs: [{ ...receipt.logs[0], data: `0x${'0'.repeat(63)}7` }] })],
    ['another emitter of a log', (receipt) => ({ ...receipt, logs: [{ ...receipt.logs[0], address: GOVERNANCE }] })],
    ['another topic', (receipt) => ({ ...receipt, logs: [{ ...receipt.logs[0], topics: receipt.logs[0].topics.toReversed() }] })],
    ['a log too few', (receipt) => ({ ...receipt, logs: [] })],
    ['a log twice', (receipt) => ({ ...receipt, logs: [...receipt.logs, ...receipt.logs] })],
    ['no logs at all', ({ logs: _logs, ...receipt }) => receipt],
    ['nonsense', () => 'nonsense'],
  ];
  it.each(receiptLies)('as a receipt with %s is not believed', async (_what, lie) => {
    for (const method of ['treadle_awaitReceipt', 'eth_getTransactionReceipt']) {
      const params = method === 'treadle_awaitReceipt' ? [hash, 1_000] : [hash];
      await expect(call({ [method]: lie })(method, params)).rejects.toMatchObject({
        code: 'NODE_RECEIPT_UNPROVED',
        data: { transactionHash: hash, node: NODE },
      });
    }
  });

  it('is not believed when it is the genuine receipt of another transaction', async () => {
    const otherReceipt = await chain.consortium.world.run(chain.rpc.call('eth_getTransactionReceipt', [other]));
    const lying = call({ eth_getTransactionReceipt: () => otherReceipt });
    await expect(lying('eth_getTransactionReceipt', [hash])).rejects.toMatchObject({ code: 'NODE_RECEIPT_UNPROVED' });
  });

  it.each<readonly [string, string, (proof: ToldProof) => unknown]>([
    ['none', 'NODE_RECEIPT_UNPROVED', () => null],
    ['nonsense', 'NODE_RECEIPT_UNPROVED', () => ({ header: 1 })],
    ['one without its first node', 'LIGHT_BAD_PROOF', (proof) => ({ ...proof, proof: proof.proof.slice(1) })],
    ['one of another place', 'LIGHT_BAD_PROOF', (proof) => ({ ...proof, index: 1 })],
  ])('with this proof is not believed: %s', async (_what, code, lie) => {
    const lying = call({ treadle_receiptProof: lie });
    await expect(lying('eth_getTransactionReceipt', [hash])).rejects.toMatchObject({ code });
  });

  it.each<readonly [string, (certificate: ToldCertificate) => unknown]>([
    ['lacks signatures', (certificate) => ({ ...certificate, signatures: certificate.signatures.slice(2) })],
    ['is for another block', (certificate) => ({ ...certificate, digest: `0x${'00'.repeat(32)}` })],
    ['is for another height', (certificate) => ({ ...certificate, height: 2 })],
  ])('is not believed when the certificate %s', async (_what, lie) => {
    const lying = call({
      treadle_receiptProof: (proof: ToldProof) => ({ ...proof, certificate: lie(proof.certificate) }),
      // A header that is not trusted at first is looked for on the way from the last one: there it is no better.
      treadle_headers: (headers: readonly ToldHeader[]) =>
        headers.map((header) => ({ ...header, certificate: lie(header.certificate) })),
    });
    await expect(lying('eth_getTransactionReceipt', [hash])).rejects.toMatchObject({ code: 'LIGHT_UNTRUSTED_HEADER' });
    expect(chain.light.head.number).toBe(0);
  });

  it('is believed of sealers that have all been exchanged since the last header, once or twice', async () => {
    const [second, third] = [sealers(200), sealers(300)];
    for (let at = 0; at < 12; at++) await chain.block(set(at, at));
    await chain.block(replaceSealersData(addressesOf(second)), { to: GOVERNANCE });
    for (let at = 0; at < 20; at++) await chain.block(set(at, at), { keys: second });
    await chain.block(replaceSealersData(addressesOf(third)), { to: GOVERNANCE, keys: second });
    const late = await chain.block(set(9, 9), { keys: third });
    expect(await call()('eth_getTransactionReceipt', [late])).toMatchObject({ transactionHash: late });
    expect(chain.light.head.number).toBe(chain.ledger.head.number);
    expect(chain.light.head.nextSealers).toEqual(addressesOf(third));
    // Two changes in 36 blocks: far fewer headers than blocks are read.
    expect(asked.filter((method) => method === 'treadle_headers').length).toBeLessThan(20);
  });
});

describe('following headers', () => {
  const rpcOf =
    (chain: ServedChain): RpcCall =>
    (method, params) =>
      chain.rpc.call(method, params);

  it('reaches the newest header, and stays there', async () => {
    const chain = await serveChain();
    const { world } = chain.consortium;
    await world.run(followHead(rpcOf(chain), chain.light));
    expect(chain.light.head.number).toBe(0);
    for (let at = 0; at < 3; at++) await chain.block(set(at, at));
    for (let again = 0; again < 2; again++) await world.run(followHead(rpcOf(chain), chain.light));
    expect(toHex(chain.light.head.rlp)).toBe(toHex(chain.ledger.head.rlp));
    await world.run(followHeaders(rpcOf(chain), chain.light, 1));
    expect(chain.light.head.number).toBe(3);
  });

  it('ends when the sealers of a header did not sign the next one, or there is none', async () => {
    const chain = await serveChain();
    const { world } = chain.consortium;
    for (let at = 0; at < 5; at++) await chain.block(set(at, at));
    const rpc = rpcOf(chain);
    const asked: unknown[] = [];
    const forged: RpcCall = async (method, params) => {
      asked.push(params);
      const headers = (await rpc(method, params)) as readonly ToldHeader[];
      return headers.map((header) =>
        header.number < 3 ? header : { ...header, certificate: { ...header.certificate, round: 9 } },
      );
    };
    await expect(world.run(followHeaders(forged, chain.light, 5))).rejects.toMatchObject({ code: 'LIGHT_UNTRUSTED_HEADER' });
    expect(chain.light.head.number).toBe(2);
    expect(asked.length).toBeLessThan(8);
    await expect(world.run(followHeaders(rpc, chain.light, 99))).rejects.toMatchObject({ code: 'LIGHT_UNTRUSTED_HEADER' });
    await expect(world.run(followHeaders(async () => [{ rlp: '0x', certificate: null }], chain.light, 4))).rejects.toMatchObject({
      code: 'LIGHT_UNTRUSTED_HEADER',
    });
  });
});
