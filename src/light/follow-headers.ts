import { fromHex, type Hex } from '../crypto/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { type LightClient, parseCertificate, type RpcCertificate } from '../ledger/light/index.ts';
import type { RpcCall } from './rpc-call.ts';

interface RpcHeader {
  readonly rlp: Hex;
  readonly certificate: RpcCertificate | null;
}

/**
 * Brings a light client to header `number` of the chain that `rpc` shows. Where the sealers have changed too much for one
 * step, it goes by way of headers in between, halving the distance: of a long absence it reads as many headers as the
 * sealers changed, times the logarithm of the blocks.
 *
 * @throws TreadleError LIGHT_UNTRUSTED_HEADER when the sealers of an accepted header did not sign the next one, or when there
 * is no such header
 */
export async function followHeaders(rpc: RpcCall, light: LightClient, number: number): Promise<void> {
  // The goal itself, and in front of it the steps that must come before: each half as far away.
  const goals = [number];
  for (let goal = goals.at(-1); goal !== undefined; goal = goals.at(-1)) {
    if (goal <= light.height) {
      goals.pop();
      continue;
    }
    const { rlp, certificate } = await readHeader(rpc, goal);
    try {
      light.accept(fromHex(rlp), parseCertificate(certificate));
      goals.pop();
    } catch (error) {
      const between = Math.floor((light.height + goal) / 2);
      if (!hasCode(error, 'LIGHT_UNTRUSTED_HEADER') || between === light.height) throw error;
      goals.push(between);
    }
  }
}

/** Brings a light client to the newest header that `rpc` shows. @throws TreadleError LIGHT_UNTRUSTED_HEADER */
export async function followHead(rpc: RpcCall, light: LightClient): Promise<void> {
  const newest = Number(await rpc('eth_blockNumber', []));
  if (Number.isSafeInteger(newest)) await followHeaders(rpc, light, newest);
}

async function readHeader(rpc: RpcCall, number: number): Promise<{ readonly rlp: Hex; readonly certificate: RpcCertificate }> {
  const [header] = (await rpc('treadle_headers', [number, 1])) as readonly RpcHeader[];
  if (header?.certificate == null) {
    throw new TreadleError('LIGHT_UNTRUSTED_HEADER', {
      detail: `the full node shows no header ${number} with a certificate`,
      data: { number },
    });
  }
  return { rlp: header.rlp, certificate: header.certificate };
}
