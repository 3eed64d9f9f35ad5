import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { encodeDeployData, parseAbi } from 'viem';
import { compileSources } from '../../scripts/build-contracts.ts';
import { type Address, fromHex, keccak256, toHex } from '../../src/crypto/index.ts';
import { RECORDS_ADDRESS } from '../../src/ledger/index.ts';
import { commitPayload, encodePayloadTransaction, payloadGas, payloadMessageToSign } from '../../src/ledger/payload/index.ts';
import { callRpc } from './http-client.ts';
import type { MakeItem } from './load.ts';
import type { Sealers } from './sealers.ts';
import { type Account, accountsOf, sign } from './sign.ts';

const ACCOUNTS_PER_SEALER = 100;
const RECORD_GAS = 60_000;
const TRANSFER_GAS = 80_000;
const DEPLOY_GAS = 90_000_000;
const RECEIPT_WITHIN_MS = 30_000;

/** The accounts of each sealer, used in turn. */
class Senders {
  private readonly bySealer: readonly (readonly Account[])[];
  private readonly next: number[];

  constructor(name: string, sealers: number) {
    this.bySealer = Array.from({ length: sealers }, (_, at) => accountsOf(`${name} ${at}`, ACCOUNTS_PER_SEALER));
    this.next = this.bySealer.map(() => 0);
  }

  take(sealer: number): Account {
    const accounts = this.bySealer[sealer] as readonly Account[];
    const at = this.next[sealer] as number;
    this.next[sealer] = (at + 1) % accounts.length;
    return accounts[at] as Account;
  }

  addresses(): readonly Address[] {
    return this.bySealer.flat().map(({ key }) => key.address);
  }
}

/** Every transaction anchors another digest: a new slot of state each. */
export function recordsWorkload({ all, chainId }: Sealers): MakeItem {
  const senders = new Senders('records', all.length);
  let count = 0;
  return (sealer) => {
    const data = fromHex(encodeAnchor(keccak256(new TextEncoder().encode(`a document of the benchmark ${++count}`))));
    return { raw: sign(senders.take(sealer), { to: RECORDS_ADDRESS, data, gas: RECORD_GAS }, chainId) };
  };
}

const ANCHOR = toHex(keccak256(new TextEncoder().encode('anchor(bytes32)')).subarray(0, 4));

function encodeAnchor(digest: Uint8Array): string {
  return `${ANCHOR}${toHex(digest).slice(2)}`;
}

const TRANSFER = toHex(keccak256(new TextEncoder().encode('transfer(address,uint256)')).subarray(0, 4));

/** Transfers of OpenZeppelin's ERC20 from account to account: two slots that exist already, and an event. */
export async function erc20Workload({ all, chainId }: Sealers): Promise<MakeItem> {
  const senders = new Senders('erc20', all.length);
  const holders = senders.addresses();
  const source = readFileSync(path.join(import.meta.dirname, 'BenchToken.sol'), 'utf8');
  const { bytecode } = compileSources({ 'BenchToken.sol': source }).get('BenchToken') as { readonly bytecode: `0x${string}` };
  const abi = parseAbi(['constructor(address[] holders)']);
  const [deployer] = accountsOf('erc20 deployer', 1) as [Account];
  const data = fromHex(encodeDeployData({ abi, bytecode, args: [holders] }));
  const token = await deploy(all[0]?.rpcUrl ?? '', sign(deployer, { to: undefined, data, gas: DEPLOY_GAS }, chainId));
  let count = 0;
  return (sealer) => {
    const to = holders[(count++ * 7919) % holders.length] as Address;
    const call = fromHex(`${TRANSFER}${to.slice(2).padStart(64, '0')}${'1'.padStart(64, '0')}`);
    return { raw: sign(senders.take(sealer), { to: token, data: call, gas: TRANSFER_GAS }, chainId) };
  };
}

async function deploy(rpcUrl: string, raw: Uint8Array): Promise<Address> {
  const hash = await callRpc<string>(rpcUrl, 'eth_sendRawTransaction', toHex(raw));
  const until = performance.now() + RECEIPT_WITHIN_MS;
  while (performance.now() < until) {
    const receipt = await callRpc<{ readonly status: string; readonly contractAddress: Address } | null>(
      rpcUrl,
      'eth_getTransactionReceipt',
      hash,
    );
    if (receipt?.status === '0x1') return receipt.contractAddress;
    if (receipt !== null) throw new Error('the token could not be deployed');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the token was not deployed in time');
}

/** Payload transactions of one size to an account: every body is another. */
export function payloadWorkload({ all, chainId }: Sealers, bodyBytes: number): MakeItem {
  const senders = new Senders(`payload ${bodyBytes}`, all.length);
  const template = randomBytes(bodyBytes);
  let count = 0;
  return (sealer) => {
    const body = Uint8Array.from(template);
    new DataView(body.buffer).setFloat64(0, ++count);
    const account = senders.take(sealer);
    const fields = {
      chainId,
      nonce: BigInt(account.nextNonce++),
      maxPriorityFeePerGas: 0n,
      maxFeePerGas: 0n,
      gasLimit: 21_000n + payloadGas(bodyBytes),
      to: fromHex(account.key.address),
      value: 0n,
      data: new Uint8Array(0),
      payload: commitPayload(body, 'application/octet-stream'),
    };
    const signature = account.key.sign(keccak256(payloadMessageToSign(fields)));
    return { raw: encodePayloadTransaction(fields, signature), body };
  };
}
