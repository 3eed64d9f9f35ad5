import { beforeEach, describe, expect, it } from 'vitest';
import { openDoor } from '../environment/contract/index.ts';
import type { Environment, NodeId } from '../environment/index.ts';
import { createWorld, type World } from '../environment/sim/index.ts';
import { TreadleError } from '../errors.ts';
import { callData } from '../ledger/testing/fixtures.ts';
import { RPC_TIMEOUT_MICROS } from '../limits.ts';
import {
  createLocalRpc,
  createNetworkRpc,
  createNodeCall,
  type NodeCall,
  RPC_PROTOCOL,
  type RpcCall,
  serveRpc,
} from './rpc-service.ts';
import { serveChain } from './testing/served-chain.ts';

const id = (number: number): NodeId => `0x${String(number).padStart(40, '0')}`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const answering = (value: unknown) => async () => bytes(JSON.stringify({ jsonrpc: '2.0', id: 1, result: value }));

describe('JSON-RPC over the network', () => {
  let world: World;
  let asking: Environment;
  let rpc: RpcCall;

  /** Full nodes 1, 2, ... that answer like this; a node that is left out is not connected. */
  async function withNodes(...answers: readonly (((body: Uint8Array) => Promise<Uint8Array>) | undefined)[]): Promise<void> {
    for (const [at, answer] of answers.entries()) {
      const node = world.addNode(id(at + 1));
      if (answer === undefined) continue;
      node.network.onRequest(RPC_PROTOCOL, (_from, body) => answer(body));
      await world.run(node.network.start(openDoor));
      await world.run(asking.network.connect({ node: node.node, addresses: node.network.addresses() }));
    }
  }

  beforeEach(async () => {
    world = createWorld({ seed: 1 });
    asking = world.addNode(id(99));
    await world.run(asking.network.start(openDoor));
    rpc = createNetworkRpc(asking, () => [id(1), id(2), id(3)], createNodeCall(asking));
  });

  it('asks the first node that is connected, and no other', async () => {
    const asked: string[] = [];
    const noting = (result: string) => async (body: Uint8Array) => {
      asked.push(new TextDecoder().decode(body));
      return answering(result)();
    };
    await withNodes(undefined, noting('second'), noting('third'));
    expect(await world.run(rpc('eth_chainId', [1, 'x']))).toBe('second');
    expect(asked.map((text) => JSON.parse(text))).toEqual([{ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [1, 'x'] }]);
  });

  it.each<readonly [string, () => Promise<Uint8Array>]>([
    ['does not answer', () => new Promise(() => {})],
    ['fails', () => Promise.reject(new Error('for the test'))],
    ['refuses', () => Promise.reject(new TreadleError('NETWORK_BUSY'))],
    ['answers no JSON', async () => bytes('<html>')],
    ['answers nothing', async () => bytes('')],
    ['answers what is no object', async () => bytes('null')],
  ])('passes over a node that %s', async (_what, answer) => {
    await withNodes(answer, answering('second'));
    expect(await world.run(rpc('eth_chainId', []), 2 * RPC_TIMEOUT_MICROS)).toBe('second');
  });

  it('passes over a node whose answer is not believed, and says so', async () => {
    await withNodes(answering('a lie'), answering('the truth'));
    const call = createNodeCall(asking);
    const believing: NodeCall = async (node, method, params) => {
      const result = await call(node, method, params);
      if (result === 'a lie') throw new TreadleError('NODE_RECEIPT_UNPROVED', { detail: 'a lie' });
      return result;
    };
    expect(await world.run(createNetworkRpc(asking, () => [id(1), id(2)], believing)('eth_chainId', []))).toBe('the truth');
    const warned = world.log().filter(({ level, event }) => level === 'warn' && event === 'upstream.passed-over');
    expect(warned.map(({ fields }) => [fields['peer'], fields['code']])).toEqual([[id(1), 'NODE_RECEIPT_UNPROVED']]);
  });

  it('takes an answer that is an error as the answer', async () => {
    await withNodes(
      async () => bytes(JSON.stringify({ error: { code: 3, message: 'reverted', data: '0x01' } })),
      answering('second'),
    );
    await expect(world.run(rpc('eth_call', []))).rejects.toMatchObject({
      name: 'RemoteRpcError',
      code: 3,
      message: 'reverted',
      data: '0x01',
    });
  });

  it('says that nobody answers', async () => {
    await expect(world.run(rpc('eth_chainId', []))).rejects.toMatchObject({ code: 'NODE_NO_UPSTREAM' });
    await withNodes(async () => bytes('?'));
    await expect(world.run(rpc('eth_chainId', []))).rejects.toMatchObject({
      code: 'NODE_NO_UPSTREAM',
      detail: expect.stringContaining('none of 1 connected full nodes answered eth_chainId'),
      cause: expect.objectContaining({ code: 'NODE_NO_UPSTREAM' }),
    });
  });

  it('reaches the JSON-RPC of a full node, whose errors are those of a local call', async () => {
    const chain = await serveChain();
    const hash = await chain.block(callData('set(uint256,uint256)', 1, 2));
    serveRpc(chain.environment, chain.rpc);
    const device = await chain.consortium.add(id(99));
    await chain.consortium.connect(device, { id: chain.environment.node, environment: chain.environment });
    const far = createNetworkRpc(device.environment, () => [chain.environment.node], createNodeCall(device.environment));
    const near = createLocalRpc(chain.rpc);
    const outcome = (call: RpcCall, method: string, params: readonly unknown[]) =>
      chain.consortium.world.run(call(method, params).catch((error: unknown) => ({ failed: (error as { code: unknown }).code })));
    for (const [method, params] of [
      ['eth_getTransactionReceipt', [hash]],
      ['eth_getBlockByNumber', ['0x1', true]],
      ['eth_nonsense', []],
      ['eth_getBalance', ['not an address', 'latest']],
    ] as const) {
      const local = await outcome(near, method, params);
      expect(await outcome(far, method, params)).toEqual(JSON.parse(JSON.stringify(local)));
    }
  });
});
